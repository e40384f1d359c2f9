// Validates what commands print against docs/schemas, with a JSON Schema validator nobody here wrote.

import Foundation
import Testing

extension TestHome {
    /// Fails when the document a command printed does not follow `docs/schemas/<word>.schema.json`.
    func expectValid(_ run: ProcessRun, _ word: String, _ location: SourceLocation = #_sourceLocation) async throws {
        let program = """
            import json, pathlib, sys
            from jsonschema import Draft202012Validator
            from referencing import Registry, Resource
            folder = pathlib.Path(sys.argv[1])
            files = {path.name: json.loads(path.read_text()) for path in folder.glob("*.json")}
            registry = Registry().with_resources((name, Resource.from_contents(file)) for name, file in files.items())
            validator = Draft202012Validator(files[sys.argv[2] + ".schema.json"], registry=registry)
            for error in validator.iter_errors(json.load(sys.stdin)):
                print(error.json_path, error.message[:300])
            """
        let check = try await self.run(
            try Repository.python("mcp1"), ["-c", program, Repository.root + "/docs/schemas", word], input: run.out)
        #expect(check.exit == 0 && check.out.isEmpty, "\(run)\n\(check)", sourceLocation: location)
    }
}
