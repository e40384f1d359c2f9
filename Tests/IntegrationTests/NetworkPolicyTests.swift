// A public server whose metadata leads inside, in a network of its own with real addresses and names (C13.4).

import Foundation
import Glibc
import Testing

@Suite("the network policy in a network of its own")
struct NetworkPolicyTests {
    @Test("C13.4: what a public server names is not asked when it is inside, by whatever spelling")
    func publicServerLeadsInside() async throws {
        try await TestHome.with { home in
            // Root of the machine, or of a user namespace of its own.
            let namespaces = getuid() == 0 ? "-n -m" : "-r -n -m"
            let program = try home.startShell(
                "exec unshare \(namespaces) python3 -B '\(Repository.servers)/public_network.py'")
            let run = try await program.end(within: 240)
            #expect(run.exit == 0, "\(run)")
            let results = try #require(
                JSONSerialization.jsonObject(with: Data(run.output)) as? [String: [String: Any]], "\(run)")
            #expect(results.count == 18)
            let others = ["own-name", "inside", "doctor", "doctor-register"]
            for (name, result) in results where !others.contains(name) {
                let errors = result["stderr"] as? String ?? ""
                #expect(errors.contains("TRANSPORT_ADDRESS_REFUSED"), "\(name): \(errors)")
                #expect(result["exit"] as? Int == 1, "\(name)")
                #expect(result["inside"] as? [String] == [], "\(name)")
                #expect(result["connections"] as? Int == 0, "\(name)")
            }
            let doctor = try #require(results["doctor"])
            let seen = doctor["stdout"] as? String ?? ""
            #expect(doctor["exit"] as? Int == 1 && doctor["connections"] as? Int == 0, "\(doctor)")
            #expect(seen.contains("TRANSPORT_ADDRESS_REFUSED") && seen.contains("10.66.0.1"), "\(seen)")
            #expect(seen.contains("93.184.216.34 (public)"), "\(seen)")
            let registering = try #require(results["doctor-register"])
            #expect(registering["connections"] as? Int == 0, "the doctor registers nothing: \(registering)")
            #expect((registering["stdout"] as? String)?.contains("on the public internet") == true, "\(registering)")
            let own = try #require(results["own-name"])
            #expect((own["inside"] as? [String])?.first == "GET /.well-known/oauth-authorization-server", "\(own)")
            let inside = try #require(results["inside"])
            #expect((inside["inside"] as? [String])?.isEmpty == false, "\(inside)")
        }
    }
}
