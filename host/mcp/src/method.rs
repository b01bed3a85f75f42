//! The methods that the host itself has to know. To policies any other method is an event like these.

/// A method, as far as the host treats it in a way of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method<'a> {
    /// `initialize`: the handshake of a session.
    Initialize,
    /// `ping`.
    Ping,
    /// `server/discover`: what the stateless revision has in place of a handshake.
    ServerDiscover,
    /// `tools/call`.
    ToolsCall,
    /// `tools/list`.
    ToolsList,
    /// `prompts/get`.
    PromptsGet,
    /// `prompts/list`.
    PromptsList,
    /// `resources/list`.
    ResourcesList,
    /// `resources/templates/list`.
    ResourceTemplatesList,
    /// `resources/read`.
    ResourcesRead,
    /// `resources/subscribe`.
    ResourcesSubscribe,
    /// `resources/unsubscribe`.
    ResourcesUnsubscribe,
    /// `subscriptions/listen`.
    SubscriptionsListen,
    /// `tasks/get`, `tasks/update` and `tasks/cancel`, of an extension.
    Task(&'a str),
    /// `interceptors/list`; the proposal's own text also writes `interceptor/list`.
    InterceptorsList,
    /// `interceptor/invoke`; also written `interceptors/invoke`.
    InterceptorInvoke,
    /// `interceptor/executeChain`, of an earlier draft.
    ExecuteChain,
    /// `notifications/initialized`.
    Initialized,
    /// `notifications/cancelled`.
    Cancelled,
    /// `notifications/progress`.
    Progress,
    /// `notifications/message`: a line of a server's log.
    LogMessage,
    /// `notifications/resources/updated`.
    ResourceUpdated,
    /// Any other.
    Other(&'a str),
}

impl<'a> Method<'a> {
    /// The method of that name.
    pub fn of(name: &'a str) -> Self {
        match name {
            "initialize" => Self::Initialize,
            "ping" => Self::Ping,
            "server/discover" => Self::ServerDiscover,
            "tools/call" => Self::ToolsCall,
            "tools/list" => Self::ToolsList,
            "prompts/get" => Self::PromptsGet,
            "prompts/list" => Self::PromptsList,
            "resources/list" => Self::ResourcesList,
            "resources/templates/list" => Self::ResourceTemplatesList,
            "resources/read" => Self::ResourcesRead,
            "resources/subscribe" => Self::ResourcesSubscribe,
            "resources/unsubscribe" => Self::ResourcesUnsubscribe,
            "subscriptions/listen" => Self::SubscriptionsListen,
            "tasks/get" | "tasks/update" | "tasks/cancel" => Self::Task(name),
            "interceptors/list" | "interceptor/list" => Self::InterceptorsList,
            "interceptor/invoke" | "interceptors/invoke" => Self::InterceptorInvoke,
            "interceptor/executeChain" => Self::ExecuteChain,
            "notifications/initialized" => Self::Initialized,
            "notifications/cancelled" => Self::Cancelled,
            "notifications/progress" => Self::Progress,
            "notifications/message" => Self::LogMessage,
            "notifications/resources/updated" => Self::ResourceUpdated,
            other => Self::Other(other),
        }
    }

    /// Whether a result of this method may be served to others, so that what a policy made of it for one caller has to
    /// be marked.
    pub fn is_cacheable(self) -> bool {
        matches!(
            self,
            Self::ToolsList
                | Self::PromptsList
                | Self::ResourcesList
                | Self::ResourceTemplatesList
                | Self::ServerDiscover
                | Self::ResourcesRead
        )
    }
}

/// Whether a method keeps the connection going or speaks to an interceptor server. Such a message is no policy event.
pub fn is_housekeeping(method: &str) -> bool {
    matches!(method, "initialize" | "ping")
        || ["notifications/", "interceptors/", "interceptor/"].iter().any(|prefix| method.starts_with(prefix))
}
