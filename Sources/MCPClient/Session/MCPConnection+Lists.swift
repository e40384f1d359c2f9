// The lists of a server, page by page.

import OmlxConcurrency
import OmlxErrors
import OmlxJSON

extension MCPConnection {
    /// All tools of the server. Entries that are no tools are left out and reported as `entriesDropped`; that the list is
    /// longer than `ListPages` takes, or that the server did not give all of it, is reported, too. A server that declares its
    /// capabilities without `tools` is not asked, which is reported.
    /// - Throws: `OmlxError`, `CancellationError`.
    package func listTools() async throws -> [Tool] {
        if life.description?.declares(.tools) == false {
            observer(.listNotOffered(.tools, capabilities: life.description?.capabilityNames ?? []))
            return []
        }
        toolsFreshUntil = nil
        let listing = try await list(Tool.self)
        toolsFreshUntil = listing.lifetime.map { .now + .bounded($0) }
        return listing.entries
    }

    /// All resources of the server, as tools are listed; none of one that does not declare that it has any.
    /// - Throws: `OmlxError`, `CancellationError`.
    package func listResources() async throws -> Listing<Resource> { try await listed() }

    /// All templates of resources of the server, likewise.
    /// - Throws: `OmlxError`, `CancellationError`.
    package func listResourceTemplates() async throws -> Listing<ResourceTemplate> { try await listed() }

    /// All prompts of the server, likewise.
    /// - Throws: `OmlxError`, `CancellationError`.
    package func listPrompts() async throws -> Listing<Prompt> { try await listed() }

    private func listed<Entry: ListEntry>() async throws -> Listing<Entry> {
        guard life.description?.declares(Entry.list) != false else { return Listing(entries: []) }
        return try await list(Entry.self)
    }

    private func list<Entry: ListEntry>(_: Entry.Type) async throws -> Listing<Entry> {
        let list = Entry.list
        var pages = ListPages<Entry>()
        var action = ListPages<Entry>.Action.request(cursor: nil)
        while true {
            switch action {
            case .request(let cursor):
                let params: JSONObject? = cursor.map { ["cursor": $0] }
                do {
                    let answer = try await perform(Call(method: list.method, params: params), limit: nil)
                    action = pages.received(answer.result, byteCount: answer.byteCount)
                } catch let error as JSONRPCError {
                    if pages.isFirst, error.code == JSONRPCError.methodNotFound, mayLack(list) {
                        let isNews = list != .templates
                        if isNews {
                            observer(.listNotOffered(list, capabilities: life.description?.capabilityNames ?? []))
                        }
                        return Listing(entries: [])
                    }
                    action = pages.refused(error)
                } catch let error as CancellationError {
                    throw error
                } catch {
                    action = pages.failed(hidden(error, during: list.method))
                }
            case .finished(let entries, let dropped):
                let kept = shown(entries, dropped)
                if let reason = pages.cut { observer(.listCut(list, count: entries.count, reason: reason)) }
                if let reason = pages.unfinished {
                    observer(.listUnfinished(list, count: entries.count, reason: reason))
                }
                return Listing(entries: kept, lifetime: pages.lifetime)
            case .fail(let error): throw redactor.hide(error)
            }
        }
    }

    /// The entries that may be used and shown; the others are told.
    private func shown<Entry: ListEntry>(_ entries: [Entry], _ dropped: [ListRejection]) -> [Entry] {
        let era = life.session?.era
        var dropped = dropped
        let kept = entries.compactMap { entry -> Entry? in
            do throws(ListRejection) {
                if let tool = entry as? Tool, let reason = era?.fault(of: tool) {
                    throw ListRejection(
                        name: OmlxError.shown(redactor.hide(tool.name), limit: 80), reason: reason)
                }
                return try entry.hiding(redactor)
            } catch {
                dropped.append(error)
                return nil
            }
        }
        for event in ConnectionEvent.dropped(dropped, from: Entry.list) + ConnectionEvent.odd(kept) {
            observer(event)
        }
        return kept
    }

    /// Whether a server that does not know the list merely has none. Templates are declared with resources, and many servers
    /// have only these; one without tools that does not say so has other things.
    private func mayLack(_ list: ServerList) -> Bool {
        guard list == .tools else { return true }
        return life.description?.declares(.prompts) == true || life.description?.declares(.resources) == true
    }
}

extension InitializeResult {
    /// Whether the server declares that it has a list; `nil` where it declares nothing at all.
    package func declares(_ list: ServerList) -> Bool? {
        capabilities.objectValue.map { $0[list.capability] != nil }
    }

    /// Whether the server says that it tells of changes of a list.
    package func tellsChanges(of list: ServerList) -> Bool {
        capabilities[list.capability]?["listChanged"]?.boolValue == true
    }

    /// Whether the server says that it tells of changes of a resource to those who want to hear of it.
    package var takesSubscriptions: Bool { capabilities["resources"]?["subscribe"]?.boolValue == true }

    /// Whether the server says that it completes what is typed.
    package var completes: Bool { capabilities["completions"] != nil }

    fileprivate var capabilityNames: [String] {
        (capabilities.objectValue ?? [:]).prefix(20).map { OmlxError.shown($0.key, limit: 40) }
    }
}
