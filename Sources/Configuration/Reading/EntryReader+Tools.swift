// Reads which tools of a server are used.

import OmlxJSON

extension EntryReader {
    /// The filters of an entry. One that cannot be understood is an error: it was written to keep a tool away.
    mutating func toolFilter(_ filters: [(key: String, entry: ConfigurationEntry)]) -> ToolFilter {
        var filter = ToolFilter()
        for (key, member) in filters {
            guard let names = toolNames(member, key) else { continue }
            if key == "tools" || key == "includeTools" {
                filter.included.append(names)
            } else {
                filter.excluded += names
            }
        }
        return filter
    }

    private mutating func toolNames(_ member: ConfigurationEntry, _ key: String) -> [String]? {
        // Codex has settings for each tool there.
        if key == "tools", member.value.objectValue != nil { return nil }
        if let name = member.value.stringValue { return [name] }
        guard let names = member.value.stringArrayValue else {
            wrongType(
                member, wanted: "a list of tool names", code: .configServerInvalid,
                nextStep: "write such as [\"read\", \"list_*\"]")
            return nil
        }
        return names
    }
}
