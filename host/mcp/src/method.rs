//! The methods that the host treats specially. For policies, any other method is an event like these.

/// A method that the host treats specially, or any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method<'a> {
    /// `initialize`: the handshake of a session.
    Initialize,
    /// `ping`.
    Ping,
    /// `server/discover`: the stateless revision's alternative to a handshake.
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

    /// Whether results of this method may be cached and served to others. If a policy changed one for a caller, it must
    /// be marked private.
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

/// Whether a method maintains the connection or addresses an interceptor server. Such a message is not a policy event.
pub fn is_housekeeping(method: &str) -> bool {
    matches!(method, "initialize" | "ping")
        || ["notifications/", "interceptors/", "interceptor/"].iter().any(|prefix| method.starts_with(prefix))
}
