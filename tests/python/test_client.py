"""Tests of a running server from outside, with a client made from the protos.

    PYTHONPATH=stubs python tests/python/test_client.py 127.0.0.1:50051

Wants a server with the demo knowledge bases; `.ci/run` starts one. What a test changes it does in a knowledge base of its
own, or takes back. Plain asserts; the last line is `N passed, N failed`, the exit code 1 where one failed. To add a test:
a function `test_…(server)`; its docstring is what is printed.
"""

import json
import sys
import time
import traceback
import uuid

import client
import grpc
from google.longrunning import operations_pb2, operations_pb2_grpc
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status
from yingda.v1 import assist_pb2, assist_pb2_grpc
from yingda.v1 import evaluation_pb2, evaluation_pb2_grpc
from yingda.v1 import feedback_pb2, feedback_pb2_grpc
from yingda.v1 import indexing_pb2, indexing_pb2_grpc
from yingda.v1 import knowledge_pb2, knowledge_pb2_grpc
from yingda.v1 import lexicon_pb2, lexicon_pb2_grpc
from yingda.v1 import models_pb2, models_pb2_grpc
from yingda.v1 import rules_pb2, rules_pb2_grpc
from yingda.v1 import server_info_pb2, server_info_pb2_grpc
from yingda.v1 import text_tools_pb2, text_tools_pb2_grpc
from yingda.v1 import types_pb2

SERVICES = ["Assist", "Evaluation", "Feedback", "Indexing", "Knowledge", "Lexicon", "Models", "Rules", "ServerInfo",
            "TextTools"]
# One question of each demo knowledge base, in the words of a customer, and the article that answers it.
QUESTIONS = {
    "electronics": ("手机保几年", "warranty-period"),
    "retail": ("退回去的邮费谁出", "return-freight-who-pays"),
    "telecom": ("我现在是哪个套餐", "plan-query"),
    "bank": ("忘记储蓄卡的6位密码了", "debit-password-locked"),
}
# A liveness guard, not a measure.
PATIENCE_S = 10


class Server:
    """The server under test: a channel, the stubs on it, and a knowledge base of the test's own."""

    def __init__(self, address):
        # Without the retry policy, so that every status is seen as it comes.
        self.channel = grpc.insecure_channel(address)
        grpc.channel_ready_future(self.channel).result(timeout=PATIENCE_S)
        self.assist = assist_pb2_grpc.AssistStub(self.channel)
        self.feedback = feedback_pb2_grpc.FeedbackStub(self.channel)
        self.indexing = indexing_pb2_grpc.IndexingStub(self.channel)
        self.knowledge = knowledge_pb2_grpc.KnowledgeStub(self.channel)
        self.lexicon = lexicon_pb2_grpc.LexiconStub(self.channel)
        self.evaluation = evaluation_pb2_grpc.EvaluationStub(self.channel)
        self.models = models_pb2_grpc.ModelsStub(self.channel)
        self.rules = rules_pb2_grpc.RulesStub(self.channel)
        self.operations = operations_pb2_grpc.OperationsStub(self.channel)
        self.info = server_info_pb2_grpc.ServerInfoStub(self.channel)
        self.text_tools = text_tools_pb2_grpc.TextToolsStub(self.channel)
        self.address = address
        self.base = None

    def open_base(self):
        request = knowledge_pb2.CreateKnowledgeBaseRequest(
            knowledge_base_id=f"test-{uuid.uuid4().hex[:12]}",
            knowledge_base=knowledge_pb2.KnowledgeBase(display_name="测试"),
        )
        self.base = self.knowledge.CreateKnowledgeBase(request, timeout=PATIENCE_S).name

    def close_base(self):
        request = knowledge_pb2.DeleteKnowledgeBaseRequest(name=self.base, force=True)
        self.knowledge.DeleteKnowledgeBase(request, timeout=PATIENCE_S)

    def answer(self, text, *bases, **more):
        request = assist_pb2.AnswerRequest(text=text, knowledge_bases=[f"knowledgeBases/{b}" for b in bases], **more)
        return self.assist.Answer(request, timeout=PATIENCE_S)

    def ask_own(self, text, **more):
        return self.answer(text, self.base.removeprefix("knowledgeBases/"), **more)

    def create_article(self, id, question, text, **more):
        request = knowledge_pb2.CreateArticleRequest(
            parent=self.base,
            article_id=id,
            article=knowledge_pb2.Article(standard_question=question, answers=knowledge_pb2.Answers(im=text)),
            **more,
        )
        return self.knowledge.CreateArticle(request, timeout=PATIENCE_S)


def refused(call, code):
    """Makes a call that must fail with a code; returns the ErrorInfo and the fields of the BadRequest."""
    try:
        reply = call()
    except grpc.RpcError as error:
        assert error.code() == code, f"{error.code()}: {error.details()}"
        info, fields = error_details_pb2.ErrorInfo(), {}
        status = rpc_status.from_call(error)
        assert status is not None, f"{error.details()}: no google.rpc.Status comes with it"
        for detail in status.details:
            bad_request = error_details_pb2.BadRequest()
            detail.Unpack(info)
            if detail.Unpack(bad_request):
                fields = {violation.field: violation.description for violation in bad_request.field_violations}
        assert info.domain == "yingda.v1" and info.reason, status
        return info, fields
    raise AssertionError(f"not refused: {reply}")


def slices(text, spans, encoding):
    """Cuts the text at spans of an offset encoding."""
    codec, unit = {
        types_pb2.OFFSET_ENCODING_UTF8: ("utf-8", 1),
        types_pb2.OFFSET_ENCODING_UTF16: ("utf-16-le", 2),
        types_pb2.OFFSET_ENCODING_CODE_POINTS: ("utf-32-le", 4),
    }[encoding]
    coded = text.encode(codec)
    return [coded[span.start * unit : span.end * unit].decode(codec) for span in spans]


def test_health(server):
    """health: the server and each service are SERVING"""
    health = health_pb2_grpc.HealthStub(server.channel)
    for service in ["", *(f"yingda.v1.{name}" for name in SERVICES)]:
        reply = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=PATIENCE_S)
        assert reply.status == health_pb2.HealthCheckResponse.SERVING, service


def test_reflection(server):
    """reflection: every service is listed, the retry policy covers each of ours"""
    listed = set(ProtoReflectionDescriptorDatabase(server.channel).get_services())
    ours = {f"yingda.v1.{name}" for name in SERVICES}
    wanted = ours | {"grpc.health.v1.Health", "google.longrunning.Operations"}
    assert wanted <= listed, wanted - listed
    assert ours == {name for name in listed if name.startswith("yingda.")}, listed
    (config,) = json.loads(client.RETRY_POLICY.read_text(encoding="utf-8"))["methodConfig"]
    assert {entry["service"] for entry in config["name"]} == ours
    assert config["retryPolicy"]["retryableStatusCodes"] == ["UNAVAILABLE"]


def test_server_info(server):
    """server info: bundle, store and label set"""
    info = server.info.GetServerInfo(server_info_pb2.GetServerInfoRequest(), timeout=PATIENCE_S)
    assert info.version and "/" in info.bundle and info.store == "sqlite" and info.store_epoch
    assert info.knowledge_base_count >= len(QUESTIONS)
    assert set(info.label_set.types) == {"consultation", "complaint", "suggestion", "other"}
    assert "return_refund" in info.label_set.domains


def test_answers(server):
    """answer: each demo knowledge base answers a question of its own"""
    for base, (question, article) in QUESTIONS.items():
        reply = server.answer(question, base)
        assert reply.outcome == types_pb2.OUTCOME_ANSWERED, f"{base}: {reply}"
        assert reply.answer.article == f"knowledgeBases/{base}/articles/{article}", reply.answer
        assert 0 < reply.answer.confidence <= 1 and reply.message and reply.answer_record
        confidences = [candidate.confidence for candidate in reply.candidates]
        assert confidences == sorted(confidences, reverse=True)
        assert reply.provenance.bundle and reply.provenance.sources[0].index_revision > 0


def test_all_bases(server):
    """answer: without a name, all knowledge bases are asked"""
    reply = server.answer("手机保几年")
    assert len(reply.provenance.sources) >= len(QUESTIONS)
    assert reply.candidates[0].article == "knowledgeBases/electronics/articles/warranty-period"


def test_complaint(server):
    """answer: a complaint is acknowledged and handed off, with a queue and due times"""
    reply = server.answer("你们客服态度太差了，骂人还挂我电话，我要投诉", "retail")
    assert reply.outcome == types_pb2.OUTCOME_HANDOFF, reply
    assert reply.handoff.reason == types_pb2.HANDOFF_REASON_COMPLAINT and reply.handoff.queue
    assert reply.analysis.types[0].type == types_pb2.INQUIRY_TYPE_COMPLAINT
    assert time.time() - 60 < reply.handoff.respond_by.seconds <= reply.handoff.resolve_by.seconds


def test_human(server):
    """answer: 人工 reaches a human"""
    for text in ["人工", "转人工客服"]:
        reply = server.answer(text, "telecom")
        assert reply.outcome == types_pb2.OUTCOME_HANDOFF, reply
        assert reply.handoff.reason == types_pb2.HANDOFF_REASON_CUSTOMER_REQUEST


def test_unanswerable(server):
    """answer: what no article answers is not answered, with a reason"""
    reply = server.answer("长颈鹿一天要睡几个小时", "bank")
    assert not reply.HasField("answer") and reply.message, reply
    assert reply.outcome == types_pb2.OUTCOME_NO_ANSWER and reply.no_answer_reason, reply


def test_small_talk(server):
    """answer: a greeting is met with a greeting"""
    assert server.answer("你好", "retail").outcome == types_pb2.OUTCOME_SMALL_TALK


def test_traditional(server):
    """answer: Traditional script finds the same article, highlights point into what was typed"""
    text = "📱手機保幾年"
    reply = server.answer(text, "electronics", offset_encoding=types_pb2.OFFSET_ENCODING_UTF16)
    assert reply.candidates[0].article.endswith("/warranty-period"), reply
    marked = slices(text, reply.candidates[0].highlights, types_pb2.OFFSET_ENCODING_UTF16)
    assert marked and set("".join(marked)) <= set(text) - {"📱"}, marked


def test_explain(server):
    """answer: explain adds the why and changes nothing else"""
    plain, explained = (server.answer("手机保几年", "electronics", explain=explain) for explain in (False, True))
    assert explained.explanation.words and explained.candidates[0].features
    assert not plain.HasField("explanation") and not plain.candidates[0].features
    assert (plain.outcome, plain.answer, plain.analysis.types) == (
        explained.outcome, explained.answer, explained.analysis.types)


def test_suggest(server):
    """suggest: an agent sees several replies, what the bot would do, and whom it concerns"""
    reply = client.suggest(server.channel, "那运费谁出", "retail", history=["我想退货"])
    assert 1 <= len(reply.suggestions) <= 3 and reply.analysis.routing.queue
    assert "退" in reply.effective_query and reply.bot_outcome != types_pb2.OUTCOME_UNSPECIFIED


def test_edit(server):
    """edit: seen at once with its token, within a second without"""
    article = server.create_article("edit", "会员日是哪天？", "每月 1 日。").name
    # The first candidate shows the answer whatever the thresholds are.
    seen = lambda **more: server.ask_own("会员日是哪天", **more).candidates[0]
    seconds = []
    for day in range(2, 5):
        text = f"每月 {day} 日。"
        changed = client.change_answer(server.channel, article, text)
        candidate = seen(consistency_tokens=[changed.consistency_token])
        assert (candidate.answer, candidate.article_revision) == (text, changed.revision), candidate
        text = f"每月 {day} 号。"
        client.change_answer(server.channel, article, text)
        acknowledged = time.monotonic()
        while seen().answer != text:
            assert time.monotonic() - acknowledged < PATIENCE_S, "never seen"
            time.sleep(0.005)
        seconds.append(time.monotonic() - acknowledged)
    # The one in the middle, for the machine may have had other things to do.
    assert sorted(seconds)[1] < 1, seconds


def test_request_id(server):
    """idempotency: the same request id gives the first reply again, with another request it is refused"""
    id = str(uuid.uuid4())
    first = server.create_article("", "可以开专票吗？", "可以。", request_id=id)
    again = server.create_article("", "可以开专票吗？", "可以。", request_id=id)
    assert first == again and first.name
    info, fields = refused(
        lambda: server.create_article("", "可以开专票吗？", "不可以。", request_id=id), grpc.StatusCode.INVALID_ARGUMENT)
    assert info.reason == "REQUEST_ID_REUSED" and "request_id" in fields, (info, fields)
    records = {server.answer("手机保几年", "electronics", request_id=id).answer_record for _ in range(2)}
    assert len(records) == 1, records


def test_etag(server):
    """etag: a stale one is ABORTED, and nothing is overwritten"""
    first = server.create_article("etag", "周末送货吗？", "送。")
    client.change_answer(server.channel, first.name, "照常送。")
    first.answers.im = "不送。"
    request = knowledge_pb2.UpdateArticleRequest(article=first)
    info, _ = refused(lambda: server.knowledge.UpdateArticle(request, timeout=PATIENCE_S), grpc.StatusCode.ABORTED)
    assert info.reason == "ETAG_MISMATCH", info
    present = server.knowledge.GetArticle(knowledge_pb2.GetArticleRequest(name=first.name), timeout=PATIENCE_S)
    assert present.answers.im == "照常送。" and present.etag != first.etag


def test_invalid(server):
    """invalid argument: the field is named, the server stays up"""
    code = grpc.StatusCode.INVALID_ARGUMENT
    ask = lambda **more: lambda: server.answer(more.pop("text", "怎么退货"), "retail", **more)
    for call, field in [
        (ask(text=""), "text"),
        (ask(text=" \n"), "text"),
        (ask(text="退" * 2001), "text"),
        (ask(channel=99), "channel"),
        (ask(history=[types_pb2.Turn(speaker=99, text="好")]), "history[0].speaker"),
        (ask(max_candidates=51), "max_candidates"),
        (ask(slots={"Name!": "王"}), "slots"),
        (lambda: server.create_article("empty", "", ""), "article.standard_question"),
        (lambda: server.create_article("Not An Id", "好吗？", "好。"), "article_id"),
    ]:
        info, fields = refused(call, code)
        assert field in fields and info.reason, (field, fields)
    assert server.answer("退" * 2000, "retail").message


def test_broken_utf8(server):
    """invalid argument: broken UTF-8 on the wire is refused, the server stays up"""
    raw = server.channel.unary_unary("/yingda.v1.Assist/Answer")
    try:
        raw(b"\x12\x02\xff\xfe", timeout=PATIENCE_S)
        raise AssertionError("not refused")
    except grpc.RpcError as error:
        # The transport refuses it before a handler sees it, and says which field it was.
        assert error.code() in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.INTERNAL), error
        assert "text" in error.details(), error
    assert server.answer("手机保几年", "electronics").message


def test_unknown_names(server):
    """not found: unknown knowledge bases and articles"""
    info, _ = refused(lambda: server.answer("退货", "no-such-base"), grpc.StatusCode.NOT_FOUND)
    assert info.reason == "KNOWLEDGE_BASE_NOT_FOUND"
    request = knowledge_pb2.GetArticleRequest(name=f"{server.base}/articles/no-such-article")
    info, _ = refused(lambda: server.knowledge.GetArticle(request, timeout=PATIENCE_S), grpc.StatusCode.NOT_FOUND)
    assert info.reason == "ARTICLE_NOT_FOUND"


def test_import_and_export(server):
    """import: good rows are kept, bad ones named; export gives back what was imported"""
    articles = [
        {"id": "park", "standard_question": "门店可以停车吗？", "similar_questions": ["有停车场没"], "answer": "可以停两小时。"},
        {"id": "no-answer", "standard_question": "这一行没有答案？", "answer": ""},
        {"id": "wifi", "standard_question": "店里的无线密码是多少？", "answers": {"im": "问店员。", "email": "请您询问店员。"}},
    ]
    base = server.base.removeprefix("knowledgeBases/")
    tried = client.import_articles(server.channel, base, articles, dry_run=True)
    done = client.import_articles(server.channel, base, articles)
    for report in (tried, done):
        assert (report.created, report.failed) == (2, 1), report
        (row,) = [row for row in report.rows if row.error]
        assert row.line == 2 and row.article.endswith("/no-answer") and "answer" in row.error, row
    reply = server.ask_own("有停车场没", consistency_tokens=[done.consistency_token])
    assert reply.candidates[0].answer == "可以停两小时。", reply
    for format, first in [(knowledge_pb2.FILE_FORMAT_JSONL, b"{"), (knowledge_pb2.FILE_FORMAT_CSV, b"\xef\xbb\xbfid,")]:
        request = knowledge_pb2.ExportArticlesRequest(parent=server.base, format=format, filter="id:park")
        data = b"".join(piece.data for piece in server.knowledge.ExportArticles(request, timeout=PATIENCE_S))
        assert data.startswith(first) and "有停车场没".encode() in data and b"wifi" not in data, data


def test_list(server):
    """list: pages to the end, and filters"""
    pages, token = [], ""
    while True:
        request = knowledge_pb2.ListArticlesRequest(
            parent="knowledgeBases/bank", page_size=30, page_token=token, filter="state:ACTIVE")
        page = server.knowledge.ListArticles(request, timeout=PATIENCE_S)
        pages.append([article.name for article in page.articles])
        token = page.next_page_token
        if not token:
            break
    names = sum(pages, [])
    assert len(pages) > 1 and len(names) == len(set(names)) == page.total_size and names == sorted(names)
    request = knowledge_pb2.ListArticlesRequest(parent="knowledgeBases/bank", filter="colour:red")
    _, fields = refused(
        lambda: server.knowledge.ListArticles(request, timeout=PATIENCE_S), grpc.StatusCode.INVALID_ARGUMENT)
    assert "filter" in fields


def test_lexicon(server):
    """lexicon: a published synonym works at once, without a rebuild"""
    server.create_article("pickup", "怎么办理自提？", "下单时选「到店自取」。")
    status = lambda: server.indexing.GetIndexStatus(
        indexing_pb2.GetIndexStatusRequest(knowledge_base=server.base), timeout=PATIENCE_S)
    before = server.ask_own("怎么办理喵喵拿", explain=True)
    generation = status().generation
    server.lexicon.CreateTerm(lexicon_pb2.CreateTermRequest(parent=server.base, text="喵喵拿"), timeout=PATIENCE_S)
    server.lexicon.CreateSynonymSet(
        lexicon_pb2.CreateSynonymSetRequest(
            parent=server.base, synonym_set_id="pickup", synonym_set=lexicon_pb2.SynonymSet(words=["自提", "喵喵拿"])),
        timeout=PATIENCE_S)
    published = server.lexicon.PublishLexicon(
        lexicon_pb2.PublishLexiconRequest(parent=server.base), timeout=PATIENCE_S)
    after = server.ask_own("怎么办理喵喵拿", explain=True, consistency_tokens=[published.consistency_token])
    assert (published.term_count, published.synonym_set_count) == (1, 1)
    assert not before.explanation.synonyms_used and after.explanation.synonyms_used, after.explanation
    assert after.candidates[0].article.endswith("/pickup"), after
    assert not before.candidates or after.candidates[0].confidence > before.candidates[0].confidence
    assert status().generation == generation and after.provenance.sources[0].lexicon_version == published.version
    cut = server.text_tools.Segment(
        text_tools_pb2.SegmentRequest(text="怎么办理喵喵拿", knowledge_base=server.base), timeout=PATIENCE_S)
    assert [word.text for word in cut.words if word.from_lexicon] == ["喵喵拿"], cut


def test_rules(server):
    """rules: a published rule works at once, a wrong one is refused by name"""
    analyze = lambda **more: server.assist.Analyze(
        assist_pb2.AnalyzeRequest(text="给阿猫加急发一箱喵粮", knowledge_base=server.base, **more), timeout=PATIENCE_S)
    rule = lambda phrase: rules_pb2.Rule(
        phrases=rules_pb2.PhraseList(values=[phrase]),
        effect=rules_pb2.RuleEffect(raise_urgency=types_pb2.URGENCY_URGENT),
        example="喵粮没了",
    )
    create = lambda id, phrase: server.rules.CreateRule(
        rules_pb2.CreateRuleRequest(parent=server.base, rule_id=id, rule=rule(phrase)), timeout=PATIENCE_S)
    publish = lambda: server.rules.PublishRules(rules_pb2.PublishRulesRequest(parent=server.base), timeout=PATIENCE_S)
    create("cat-food", "喵粮")
    create("dog-food", "汪粮")
    _, fields = refused(publish, grpc.StatusCode.FAILED_PRECONDITION)
    assert "rules[dog-food].example" in fields, fields
    server.rules.DeleteRule(rules_pb2.DeleteRuleRequest(name=f"{server.base}/rules/dog-food"), timeout=PATIENCE_S)
    assert analyze().analysis.urgency.urgency != types_pb2.URGENCY_URGENT
    published = publish()
    reply = analyze(consistency_tokens=[published.consistency_token])
    assert reply.analysis.urgency.urgency == types_pb2.URGENCY_URGENT, reply
    assert [hit.rule_id for hit in reply.analysis.rule_hits if hit.knowledge_base] == ["cat-food"], reply


def test_models(server):
    """models: the bundle that serves is listed, and one that is not there is refused"""
    listed = server.models.ListBundles(models_pb2.ListBundlesRequest(), timeout=PATIENCE_S)
    assert listed.serving == listed.wanted and listed.serving in [bundle.name for bundle in listed.bundles], listed
    request = models_pb2.LoadBundleRequest(name="bundles/nobody/versions/1")
    refused(lambda: server.models.LoadBundle(request, timeout=PATIENCE_S), grpc.StatusCode.NOT_FOUND)


def test_redact(server):
    """redact: personal data is masked in its form, and masked again stays the same"""
    redact = lambda text: server.text_tools.Redact(
        text_tools_pb2.RedactRequest(text=text, offset_encoding=types_pb2.OFFSET_ENCODING_CODE_POINTS),
        timeout=PATIENCE_S)
    text = "收货人：欧阳倩倩，电话13862047715，订单号6222021234567890128"
    reply = redact(text)
    assert reply.redacted_text == "收货人：欧阳**，电话138****7715，订单号6222021234567890128", reply
    assert [text[mask.span.start : mask.span.end] for mask in reply.masked] == ["欧阳倩倩", "13862047715"], reply
    assert redact(reply.redacted_text).redacted_text == reply.redacted_text


def test_reindex(server):
    """reindex: an operation with progress; answers flow meanwhile"""
    operation = server.indexing.Reindex(
        indexing_pb2.ReindexRequest(knowledge_base="knowledgeBases/telecom"), timeout=PATIENCE_S)
    begun = time.monotonic()
    while not operation.done:
        assert time.monotonic() - begun < 60, operation
        assert server.answer("我现在是哪个套餐", "telecom").candidates[0].article.endswith("/plan-query")
        request = operations_pb2.GetOperationRequest(name=operation.name)
        operation = server.operations.GetOperation(request, timeout=PATIENCE_S)
    result, metadata = indexing_pb2.ReindexResponse(), indexing_pb2.ReindexMetadata()
    assert operation.response.Unpack(result) and operation.metadata.Unpack(metadata), operation
    assert result.generation and metadata.articles_done == metadata.articles_total > 0, metadata
    request = indexing_pb2.GetIndexStatusRequest(knowledge_base="knowledgeBases/telecom")
    status = server.indexing.GetIndexStatus(request, timeout=PATIENCE_S)
    assert status.generation == result.generation and not status.running_operation, status
    assert server.answer("我现在是哪个套餐", "telecom").provenance.sources[0].generation == result.generation


def test_calibrate(server):
    """calibrate: an operation; its thresholds bring what was wanted by the base's own questions"""
    request = evaluation_pb2.CalibrateThresholdsRequest(
        knowledge_base="knowledgeBases/bank", wanted_precision=0.9, validate_only=True)
    operation = server.evaluation.CalibrateThresholds(request, timeout=PATIENCE_S)
    begun = time.monotonic()
    while not operation.done:
        assert time.monotonic() - begun < 60, operation
        waited = operations_pb2.GetOperationRequest(name=operation.name)
        operation = server.operations.GetOperation(waited, timeout=PATIENCE_S)
    calibration = evaluation_pb2.Calibration()
    assert operation.response.Unpack(calibration), operation
    assert 0 < calibration.thresholds.answer <= 1 and len(calibration.curve) > 10, calibration
    serving = evaluation_pb2.GetCalibrationRequest(knowledge_base="knowledgeBases/bank")
    assert server.evaluation.GetCalibration(serving, timeout=PATIENCE_S).wanted.wanted_precision != 0.9
    request.wanted_precision = 2.0
    refused(lambda: server.evaluation.CalibrateThresholds(request, timeout=PATIENCE_S), grpc.StatusCode.INVALID_ARGUMENT)


def test_feedback(server):
    """feedback and satisfaction: acknowledged, idempotent, checked"""
    reply = server.answer("手机保几年", "electronics", customer="crm-1001")
    client.tell_helpful(server.channel, reply)
    request = feedback_pb2.RecordFeedbackRequest(
        answer_record=reply.answer_record, verdict=feedback_pb2.FEEDBACK_VERDICT_ADOPTED, request_id=str(uuid.uuid4()))
    names = {server.feedback.RecordFeedback(request, timeout=PATIENCE_S).name for _ in range(2)}
    assert len(names) == 1 and names.pop().startswith("knowledgeBases/electronics/feedback/")
    request = feedback_pb2.RecordSatisfactionRequest(answer_record=reply.answer_record, score=6)
    _, fields = refused(
        lambda: server.feedback.RecordSatisfaction(request, timeout=PATIENCE_S), grpc.StatusCode.INVALID_ARGUMENT)
    assert "score" in fields


def test_batch_analyze(server):
    """batch analyze: as many results as texts, each as analyzed alone"""
    texts = ["发票怎么开", "太气人了，说好三天到，十天了还没到", "建议增加夜间配送", "好的，谢谢"] * 25
    batch = server.assist.BatchAnalyze(assist_pb2.BatchAnalyzeRequest(texts=texts), timeout=PATIENCE_S)
    assert len(batch.analyses) == len(texts)
    wanted = ["CONSULTATION", "COMPLAINT", "SUGGESTION", "OTHER"]
    for text, want, analysis in zip(texts, wanted, batch.analyses):
        alone = server.assist.Analyze(assist_pb2.AnalyzeRequest(text=text), timeout=PATIENCE_S).analysis
        assert (alone.types, alone.urgency, alone.domains) == (analysis.types, analysis.urgency, analysis.domains)
        assert types_pb2.InquiryType.Name(analysis.types[0].type) == f"INQUIRY_TYPE_{want}", (text, analysis.types)


def test_segment(server):
    """segment: offsets point into the original in each encoding"""
    text = "😀我的運費險怎麼用？ＡＢＣ"
    cut = {}
    for encoding in (
        types_pb2.OFFSET_ENCODING_UTF8, types_pb2.OFFSET_ENCODING_UTF16, types_pb2.OFFSET_ENCODING_CODE_POINTS):
        reply = server.text_tools.Segment(
            text_tools_pb2.SegmentRequest(text=text, offset_encoding=encoding), timeout=PATIENCE_S)
        cut[encoding] = slices(text, [word.span for word in reply.words], encoding)
        if encoding == types_pb2.OFFSET_ENCODING_UTF16:
            (first,) = [word.span.start for word in reply.words if word.text.startswith("我")]
            assert first == 2, "an emoji is two units of UTF-16"
    assert len({tuple(words) for words in cut.values()}) == 1, cut
    joined = "".join(cut[types_pb2.OFFSET_ENCODING_UTF16])
    assert "運費" in joined and "ＡＢＣ" in joined and "怎麼" in joined, joined


def test_example(server):
    """the client example tells its story"""
    client.main(server.address)


def main(address):
    server = Server(address)
    server.open_base()
    tests = [value for name, value in globals().items() if name.startswith("test_")]
    num_failed = 0
    try:
        for test in tests:
            try:
                test(server)
                print(f"ok   {test.__doc__}", flush=True)
            except Exception:
                num_failed += 1
                print(f"FAIL {test.__doc__}\n{traceback.format_exc()}", flush=True)
    finally:
        server.close_base()
    print(f"{len(tests) - num_failed} passed, {num_failed} failed")
    return 1 if num_failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50051"))
