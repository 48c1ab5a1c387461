//! TranslatorService: forms and plain JSON values for typed inputs. Only translates; what fits what is decided in
//! `wingbeat_types::launch_form`.

use std::sync::Arc;

use connectrpc::{ConnectError, RequestContext, Response, ServiceRequest, ServiceResult};
use wingbeat_proto::flyteidl2::task::NamedLiteral;
use wingbeat_proto::flyteidl2::workflow::{
    JsonValuesToLiteralsRequest, JsonValuesToLiteralsResponse, LaunchFormJsonToLiteralsRequest,
    LaunchFormJsonToLiteralsResponse, LiteralsToLaunchFormJsonRequest, LiteralsToLaunchFormJsonResponse,
    TaskSpecToLaunchFormJsonRequest, TaskSpecToLaunchFormJsonResponse, TranslatorService,
    literals_to_launch_form_json_request,
};
use wingbeat_types::launch_form::{
    FormError, form_of, form_with_values, from_struct, literals_of_form, literals_of_values, to_struct,
};

use super::caller::principal;
use super::find;
use crate::platform::Platform;
use crate::use_cases::inputs;

/// See the module's text.
pub(crate) struct Translator {
    pub(crate) platform: Arc<Platform>,
}

impl TranslatorService for Translator {
    async fn literals_to_launch_form_json(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, LiteralsToLaunchFormJsonRequest>,
    ) -> ServiceResult<LiteralsToLaunchFormJsonResponse> {
        let request = request.to_owned_message();
        let stored = self.stored(&ctx, &request).await?;
        let literals = stored.as_deref().unwrap_or(&request.literals);
        let form = form_with_values(&request.variables, literals).map_err(refused)?;
        Response::ok(LiteralsToLaunchFormJsonResponse { json: to_struct(&form).into(), ..Default::default() })
    }

    async fn launch_form_json_to_literals(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, LaunchFormJsonToLiteralsRequest>,
    ) -> ServiceResult<LaunchFormJsonToLiteralsResponse> {
        let request = request.to_owned_message();
        let literals = literals_of_form(&from_struct(&request.json)).map_err(refused)?;
        Response::ok(LaunchFormJsonToLiteralsResponse { literals, ..Default::default() })
    }

    async fn task_spec_to_launch_form_json(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, TaskSpecToLaunchFormJsonRequest>,
    ) -> ServiceResult<TaskSpecToLaunchFormJsonResponse> {
        let request = request.to_owned_message();
        let form = form_of(&request.task_spec).map_err(refused)?;
        Response::ok(TaskSpecToLaunchFormJsonResponse { json: to_struct(&form).into(), ..Default::default() })
    }

    async fn json_values_to_literals(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, JsonValuesToLiteralsRequest>,
    ) -> ServiceResult<JsonValuesToLiteralsResponse> {
        let request = request.to_owned_message();
        let values = from_struct(&request.values);
        let literals = literals_of_values(&request.variables, &values).map_err(refused)?;
        Response::ok(JsonValuesToLiteralsResponse { literals, ..Default::default() })
    }
}

impl Translator {
    /// Values that lie in the object store, if the request names some instead of bringing them: only those that
    /// the named action may read.
    async fn stored(
        &self,
        ctx: &RequestContext,
        request: &LiteralsToLaunchFormJsonRequest,
    ) -> Result<Option<Vec<NamedLiteral>>, ConnectError> {
        use literals_to_launch_form_json_request::Owner;
        let id = match &request.owner {
            Some(Owner::TriggerId(_)) => {
                return Err(ConnectError::unimplemented(
                    "trigger_id: triggers are not served by this version of Wingbeat",
                ));
            }
            _ if request.literals_uri.is_empty() => return Ok(None),
            Some(Owner::ActionId(id)) => id,
            None => {
                return Err(ConnectError::invalid_argument(
                    "action_id is required with literals_uri: it says whose values they are",
                ));
            }
        };
        let (run, _) = find::action(&self.platform, &principal(ctx), "action_id", id).await?;
        // Inputs and outputs are both a list of named values.
        let read = inputs::read(&self.platform, Some(&run), &request.literals_uri).await?;
        Ok(Some(read.literals))
    }
}

fn refused(error: FormError) -> ConnectError {
    ConnectError::invalid_argument(error.to_string())
}
