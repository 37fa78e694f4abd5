//! `yingda.v1.Evaluation`: unpack, call, wrap.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::{
    call::Call,
    convert::calibration::{calibration_of, shipped_calibration_of},
    indexing::rpc_status,
    lexicon::named,
    limits::{self, Violations},
    names,
    operations::registry::{Begun, CalibrationWork, Outcome, Registry, Response as Done, Running, Work},
    pb::{self, evaluation_server::Evaluation, google::longrunning::Operation},
    status::Failure,
};
use crate::{
    assist::{AssistError, Live},
    domain::{CalibrationPolicy, Clock},
    insight::calibration::{CalibrationDesk, Wanted},
    knowledge::Knowledge,
};

/// The service.
pub(super) struct EvaluationService {
    pub live: Arc<Live>,
    pub knowledge: Arc<Knowledge>,
    pub desk: Arc<CalibrationDesk>,
    pub registry: Arc<Registry>,
    pub clock: Arc<dyn Clock>,
}

#[tonic::async_trait]
impl Evaluation for EvaluationService {
    async fn calibrate_thresholds(
        &self,
        request: Request<pb::CalibrateThresholdsRequest>,
    ) -> Result<Response<Operation>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let request_id = message.request_id.clone();
        let work = read_work(&message)?;
        // What does not exist is said at once, not by an operation that fails.
        let (knowledge, id) = (Arc::clone(&self.knowledge), work.knowledge_base.clone());
        call.read(move |_| knowledge.knowledge_base(&id)).await?;
        let asker = call.owned_request(request_id);
        let now = self.clock.now();
        let running = match self.registry.begin(Work::Calibrate(work.clone()), asker, now)? {
            Begun::Before(running) => running,
            Begun::New(running) => {
                self.begin(call, work, running.clone());
                running
            }
        };
        Ok(Response::new(running.operation()))
    }

    async fn get_calibration(
        &self,
        request: Request<pb::GetCalibrationRequest>,
    ) -> Result<Response<pb::Calibration>, Status> {
        let id = named("knowledge_base", names::knowledge_base(&request.into_inner().knowledge_base))?;
        let snap = self.live.load();
        let base = snap.bases.get(&id).ok_or_else(|| Failure::from(AssistError::UnknownKnowledgeBase(id.clone())))?;
        let message = match &base.calibration {
            Some(calibration) => calibration_of(calibration, &id),
            None => shipped_calibration_of(&base.shipped, snap.shared.generation(), &id),
        };
        Ok(Response::new(message))
    }
}

impl EvaluationService {
    /// Begins the calibration; it outlives the call, and tells the operation how it ends.
    fn begin(&self, call: Call, work: CalibrationWork, running: Running) {
        let (desk, clock, to_failed) = (Arc::clone(&self.desk), Arc::clone(&self.clock), running.clone());
        let failed_clock = Arc::clone(&self.clock);
        let calibrate = move || {
            let CalibrationWork { knowledge_base, validate_only, .. } = &work;
            let calibration = desk.calibrate(knowledge_base, work.wanted(), *validate_only)?;
            let response = calibration_of(&calibration, knowledge_base);
            running.finish(Outcome::Done(Done::Calibration(Box::new(response))), clock.now());
            Ok(())
        };
        call.without_permit().begin(calibrate, move |status| {
            tracing::warn!(code = ?status.code(), message = status.message(), "calibration failed");
            to_failed.finish(Outcome::Failed(rpc_status(&status)), failed_clock.now());
        });
    }
}

fn read_work(message: &pb::CalibrateThresholdsRequest) -> Result<CalibrationWork, Failure> {
    let mut violations = Violations::default();
    limits::request_id(&mut violations, &message.request_id);
    let knowledge_base = violations.take("knowledge_base", names::knowledge_base(&message.knowledge_base));
    let wanted = Wanted { precision: message.wanted_precision, unanswerable_share: message.unanswerable_share };
    let completed = wanted.or(CalibrationPolicy::default());
    violations.check(completed.has_good_precision(), "wanted_precision", CalibrationPolicy::PRECISION_RANGE);
    violations.check(completed.has_good_share(), "unanswerable_share", CalibrationPolicy::SHARE_RANGE);
    let knowledge_base = violations.finish_with(knowledge_base)?;
    Ok(CalibrationWork::new(knowledge_base, wanted, message.validate_only))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_or_refused_by_field() {
        let check = |precision: Option<f32>, share: Option<f32>, is_good: bool| {
            let message = pb::CalibrateThresholdsRequest {
                knowledge_base: "knowledgeBases/shop".to_owned(),
                wanted_precision: precision,
                unanswerable_share: share,
                ..Default::default()
            };
            let work = read_work(&message);
            assert_eq!(work.is_ok(), is_good, "{message:?}");
            if let Ok(work) = work {
                assert_eq!(work.wanted(), Wanted { precision, unanswerable_share: share });
            }
        };
        check(None, None, true);
        check(Some(0.9), Some(0.0), true);
        check(Some(1.0), None, false);
        check(Some(f32::NAN), None, false);
        check(None, Some(0.95), false);
        check(None, Some(-0.1), false);
        assert!(read_work(&pb::CalibrateThresholdsRequest::default()).is_err());
    }
}
