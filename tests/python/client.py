"""A client of Yingda in Python, from the protos alone.

    python3 -m venv .venv && . .venv/bin/activate
    pip install -r tests/python/requirements.txt
    mkdir -p stubs && python -m grpc_tools.protoc -I proto --python_out=stubs --grpc_python_out=stubs proto/yingda/v1/*.proto
    PYTHONPATH=stubs python tests/python/client.py 127.0.0.1:50051

Wants a server with the demo knowledge bases. The functions are copied into the README, which `.ci/run` compares; run as
a program it tells one story: a customer asks, an agent is helped, an editor changes an answer and imports new ones.
"""

import json
import pathlib
import sys
import uuid

import grpc
from yingda.v1 import assist_pb2, assist_pb2_grpc
from yingda.v1 import feedback_pb2, feedback_pb2_grpc
from yingda.v1 import knowledge_pb2, knowledge_pb2_grpc
from yingda.v1 import types_pb2

RETRY_POLICY = pathlib.Path(__file__).resolve().parents[2] / "deploy" / "retry-policy.json"


def connect(address):
    """Opens a channel that retries what the server says is worth retrying."""
    policy = RETRY_POLICY.read_text(encoding="utf-8")
    return grpc.insecure_channel(address, options=[("grpc.service_config", policy)])


def answer(channel, text, *knowledge_bases, **more):
    """Asks for the reply to one customer message; no knowledge base means all of them."""
    request = assist_pb2.AnswerRequest(
        text=text,
        knowledge_bases=[f"knowledgeBases/{id}" for id in knowledge_bases],
        **more,
    )
    return assist_pb2_grpc.AssistStub(channel).Answer(request, timeout=2)


def suggest(channel, text, knowledge_base, history=()):
    """Asks for reply suggestions to show to a human agent."""
    request = assist_pb2.SuggestRequest(
        text=text,
        knowledge_bases=[f"knowledgeBases/{knowledge_base}"],
        history=[types_pb2.Turn(speaker=types_pb2.SPEAKER_CUSTOMER, text=turn) for turn in history],
        slots={"customer_name": "王女士"},
    )
    return assist_pb2_grpc.AssistStub(channel).Suggest(request, timeout=2)


def change_answer(channel, article_name, text):
    """Replaces the chat answer of an article; fails with ABORTED where somebody else was faster."""
    knowledge = knowledge_pb2_grpc.KnowledgeStub(channel)
    article = knowledge.GetArticle(knowledge_pb2.GetArticleRequest(name=article_name), timeout=5)
    article.answers.im = text
    request = knowledge_pb2.UpdateArticleRequest(article=article, request_id=str(uuid.uuid4()))
    request.update_mask.paths.append("answers.im")
    # The etag that came with the article goes back with it; the reply holds a token for reads that must see the change.
    return knowledge.UpdateArticle(request, timeout=5)


def import_articles(channel, knowledge_base, articles, dry_run=False):
    """Adds or overwrites articles given as dictionaries; the reply names each row that failed, and why."""
    settings = knowledge_pb2.ImportSettings(
        parent=f"knowledgeBases/{knowledge_base}",
        format=knowledge_pb2.FILE_FORMAT_JSONL,
        mode=knowledge_pb2.IMPORT_MODE_MERGE,
        dry_run=dry_run,
        request_id=str(uuid.uuid4()),
    )
    data = "".join(json.dumps(article, ensure_ascii=False) + "\n" for article in articles).encode()

    def pieces():
        yield knowledge_pb2.ImportArticlesRequest(settings=settings)
        for start in range(0, len(data), 1 << 20):
            yield knowledge_pb2.ImportArticlesRequest(data=data[start : start + (1 << 20)])

    return knowledge_pb2_grpc.KnowledgeStub(channel).ImportArticles(pieces(), timeout=60)


def tell_helpful(channel, reply):
    """Records that the customer found an answer helpful, and rated the service 5."""
    feedback = feedback_pb2_grpc.FeedbackStub(channel)
    feedback.RecordFeedback(
        feedback_pb2.RecordFeedbackRequest(
            answer_record=reply.answer_record,
            verdict=feedback_pb2.FEEDBACK_VERDICT_HELPFUL,
            article=reply.answer.article,
            article_revision=reply.answer.article_revision,
            confidence=reply.answer.confidence,
            request_id=str(uuid.uuid4()),
        ),
        timeout=5,
    )
    feedback.RecordSatisfaction(
        feedback_pb2.RecordSatisfactionRequest(
            answer_record=reply.answer_record, score=5, request_id=str(uuid.uuid4())
        ),
        timeout=5,
    )


def main(address):
    with connect(address) as channel:
        reply = answer(channel, "手机保几年", "electronics", customer="crm-1001")
        print("customer:", reply.message)
        tell_helpful(channel, reply)

        helped = suggest(channel, "那运费谁出", "retail", history=["我想退货"])
        for suggestion in helped.suggestions:
            print(f"suggestion {suggestion.candidate.confidence:.2f}:", suggestion.text)

        before = reply.answer.text
        changed = change_answer(channel, reply.answer.article, "保修期以「星沐服务」App 显示为准。")
        reply = answer(channel, "手机保几年", "electronics", consistency_tokens=[changed.consistency_token])
        print("after the edit:", reply.message)
        change_answer(channel, reply.answer.article, before)

        report = import_articles(
            channel,
            "electronics",
            [
                {"id": "gift-wrap", "standard_question": "可以提供礼品包装吗？", "answer": "可以，下单时勾选「礼品包装」。"},
                {"id": "no-answer", "standard_question": "这一行没有答案？", "answer": ""},
            ],
            dry_run=True,
        )
        print(f"import: {report.created} would be created, {report.failed} would fail")
        for row in report.rows:
            print(f"  line {row.line}: {row.error}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50051")
