// Which variables of the environment a configuration names: what they hold is for its servers, and for no other program.

import OmlxJSON

extension HostConfiguration {
    /// The variables that a document's texts name, also in defaults, and those it sets for programs under the same name.
    static func namedVariables(in document: JSON) -> Set<String> {
        var names: Set<String> = []
        func read(_ value: JSON) {
            if let text = value.stringValue { return names.formUnion(VariableTemplate(text).names) }
            for element in value.arrayValue ?? [] { read(element) }
            for (key, member) in value.objectValue ?? [:] {
                names.formUnion(VariableTemplate(key).names)
                if ["env", "environment"].contains(key) { names.formUnion(member.objectValue?.map(\.key) ?? []) }
                read(member)
            }
        }
        read(document)
        return names
    }
}

extension VariableTemplate {
    /// The names of the variables it takes from the environment.
    var names: Set<String> {
        pieces.reduce(into: []) { names, piece in
            guard case .reference(let reference, let fallback) = piece else { return }
            switch reference {
            case .variable(let name), .environment(let name): names.insert(name)
            case .input(let id): names.insert(Self.inputVariable(id))
            case .workspaceFolder, .workspaceFolderName, .userHome, .pathSeparator: break
            }
            if let fallback { names.formUnion(VariableTemplate(fallback).names) }
        }
    }
}
