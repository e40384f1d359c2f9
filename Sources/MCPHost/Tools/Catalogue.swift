// What a server has beside tools, as far as it was listed: kept for as long as it can be taken for true. No I/O.

import FoundationEssentials
import OmlxMCPClient

/// One list of a server.
struct KeptList<Entry: ListEntry>: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// Until when what was listed is taken for what there is.
    private enum Freshness {
        case stale
        case until(Instant)
        /// Until the server says that it changed.
        case untilTold
    }

    /// As it was listed last.
    private(set) var entries: [Entry]?
    private var freshness = Freshness.stale
    /// How often the server said that it changed.
    private(set) var changes = 0

    /// The entries, where they need not be listed again (MCP 2026-07-28, caching).
    func fresh(at now: Instant) -> [Entry]? {
        switch freshness {
        case .stale: nil
        case .until(let end): now < end ? entries : nil
        case .untilTold: entries
        }
    }

    /// It was listed.
    /// - Parameters:
    ///   - changes: How often it had changed when that was begun.
    ///   - isTold: Whether a change would be heard of.
    mutating func take(_ listing: Listing<Entry>, since changes: Int, isTold: Bool, at now: Instant) {
        entries = listing.entries
        if changes != self.changes {
            freshness = .stale
        } else if let lifetime = listing.lifetime {
            freshness = .until(now + .bounded(lifetime))
        } else {
            freshness = isTold ? .untilTold : .stale
        }
    }

    /// The server says that it is another one now.
    mutating func change() {
        changes += 1
        freshness = .stale
    }
}

/// What a server has beside tools, over one connection.
struct Catalogue: Sendable {
    var resources = KeptList<Resource>()
    var templates = KeptList<ResourceTemplate>()
    var prompts = KeptList<Prompt>()

    /// The server says that a list is another one now. Templates are told with the resources.
    mutating func change(_ list: ServerList) {
        switch list {
        case .tools: break
        case .resources, .templates:
            resources.change()
            templates.change()
        case .prompts: prompts.change()
        }
    }

    /// Whether there is anything in it.
    var hasAny: Bool {
        resources.entries?.isEmpty == false || templates.entries?.isEmpty == false || prompts.entries?.isEmpty == false
    }

    /// How much there is; what was never listed is as it was known.
    func summary(after known: CatalogueSummary?, at moment: Date) -> CatalogueSummary {
        CatalogueSummary(
            resources: resources.entries?.count ?? known?.resources,
            templates: templates.entries?.count ?? known?.templates,
            prompts: prompts.entries?.count ?? known?.prompts, at: moment)
    }
}

/// Whether what a server has beside tools is being listed because it may have changed.
enum CatalogueLook: Sendable, Hashable {
    case none, underWay
    /// It changed meanwhile: once more afterwards, however often it did.
    case again
}
