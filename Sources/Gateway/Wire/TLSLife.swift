// How far a TLS connection is, and what follows from what happens to it.

/// The life of a TLS connection on the server's side (RFC 8446 §4 and §6.1).
enum TLSLife: Sendable, Hashable {
    /// The handshake is under way: nothing may be said yet.
    case shaking
    /// Both sides speak.
    case open
    /// The client has closed its side.
    case clientEnded
    /// This side has said that it says nothing more.
    case ended

    enum Event: Sendable, Hashable {
        /// The handshake is done.
        case shaken
        /// `close_notify` came, or the client's side of the connection below was closed. HTTP says itself where a message ends, so
        /// one that was cut off is found there (RFC 9112 §8).
        case clientEnded
        /// The client speaks HTTP without TLS.
        case spokePlain
        /// OpenSSL refused what came, and has put an alert among what is to be sent.
        case failed
        /// The connection is to be closed here.
        case closing
    }

    enum Action: Sendable, Hashable {
        /// What is above hears that the client has closed its side.
        case tellEnd
        /// The client is told in plain words which protocol is spoken.
        case explain
        /// `close_notify` goes to the client.
        case say
        /// The connection is closed once all is sent.
        case close
    }

    mutating func take(_ event: Event) -> [Action] {
        switch (self, event) {
        case (.shaking, .shaken):
            self = .open
            return []
        case (.shaking, .spokePlain):
            self = .ended
            return [.explain, .close]
        case (.shaking, .clientEnded), (.shaking, .failed), (.open, .failed), (.clientEnded, .failed):
            self = .ended
            return [.close]
        case (.shaking, .closing):
            self = .ended
            return []
        case (.open, .clientEnded):
            self = .clientEnded
            return [.tellEnd]
        case (.open, .closing), (.clientEnded, .closing):
            self = .ended
            return [.say]
        // What comes when it is over, or twice.
        case (.open, .shaken), (.open, .spokePlain), (.clientEnded, .shaken), (.clientEnded, .spokePlain),
            (.clientEnded, .clientEnded), (.ended, _):
            return []
        }
    }
}
