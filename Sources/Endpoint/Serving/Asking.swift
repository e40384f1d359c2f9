// What is known of a request beside its text.

import OmlxJSON

/// Who asks, where, in which era.
package struct Asking: Sendable, Hashable {
    package var view: EndpointView
    package var dialect: Dialect

    package init(_ view: EndpointView, _ dialect: Dialect) { (self.view, self.dialect) = (view, dialect) }
}

/// Takes what is told of a request before its answer: notifications.
package typealias MessageSink = @Sendable (JSON) -> Void
