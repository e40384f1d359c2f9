// A person who may be asked to sign in, and how: what a program with one at hand hands in.

/// A person who may be asked to sign in.
public struct SignInOffer: Sendable {
    /// The person.
    public var interface: any SignInInterface
    /// Opens addresses for them; `nil` opens nothing.
    public var browser: (any BrowserOpening)?
    /// How they sign in.
    public var flow: SignInFlow
    /// The person's time, in seconds.
    public var seconds = 600

    /// An offer.
    public init(interface: any SignInInterface, browser: (any BrowserOpening)?, flow: SignInFlow = .browser) {
        self.interface = interface
        self.browser = browser
        self.flow = flow
    }
}
