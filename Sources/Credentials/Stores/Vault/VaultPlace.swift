// One entry of a KV secrets engine: read, written, deleted, listed.

import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON

/// One entry's place below the prefix.
struct VaultPlace: Sendable {
    private let connection: VaultConnection
    private let path: [String]
    private let limits: HTTPLimits

    /// - Parameter limits: How long each request may take.
    init(_ connection: VaultConnection, _ path: [String], limits: HTTPLimits = VaultConnection.limits) {
        self.connection = connection
        self.limits = limits
        self.path = connection.prefix + path
    }

    /// The path as `vault kv get` takes it.
    var shown: String { (connection.mount + path).joined(separator: "/") }

    private func segments(_ area: String, _ engine: VaultConnection.Engine) -> [String] {
        connection.mount + (engine == .version2 ? [area] : []) + path
    }

    private func call(
        _ method: String, _ area: String, _ engine: VaultConnection.Engine, query: String? = nil, body: Secret? = nil,
        doing purpose: String
    ) async throws(VaultConnection.Failure) -> VaultAnswer {
        try await connection.call(
            method, segments(area, engine), query: query, body: body, limits: limits, doing: purpose)
    }

    private func unusable(_ answer: VaultAnswer, _ purpose: String) -> OmlxError {
        if case .refused(let error) = answer { return error }
        return OmlxError(
            .storeUnavailable, "Vault would not \(purpose)", compared: [.init("path", shown)],
            nextStep: "look whether a KV secrets engine is mounted there: vault secrets list")
    }

    func read(_ engine: VaultConnection.Engine) async throws(OmlxError) -> VaultEntry {
        let purpose = "read a record"
        let answer: VaultAnswer
        do throws(VaultConnection.Failure) {
            answer = try await call("GET", "data", engine, doing: purpose)
        } catch { throw error.error }
        switch answer {
        case .done(let body), .missing(let body):
            return engine == .version2 ? VaultEntry(version2: body) : VaultEntry(version1: body)
        default: throw unusable(answer, purpose)
        }
    }

    /// One version only is kept, and a write without a check is refused, from every writer.
    func limitVersions() async throws(OmlxError) {
        let purpose = "set how many versions of a record are kept"
        let body = Secret("{\"max_versions\":1,\"cas_required\":true}")
        let answer: VaultAnswer
        do throws(VaultConnection.Failure) {
            answer = try await call("POST", "metadata", .version2, body: body, doing: purpose)
        } catch { throw error.error }
        guard case .done = answer else { throw unusable(answer, purpose) }
    }

    /// Writes over the entry that was read.
    /// - Returns: the new version, 0 with KV v1; `nil` when the entry is another one by now (KV v2).
    func write(
        _ record: Secret?, beside data: [(String, String)], over entry: VaultEntry, _ engine: VaultConnection.Engine
    ) async throws(OmlxError) -> Int? {
        let purpose = "save a record"
        let body = try Self.body(record, data, cas: engine == .version2 ? entry.version : nil)
        let failure: OmlxError
        do throws(VaultConnection.Failure) {
            switch try await call("POST", "data", engine, body: body, doing: purpose) {
            case .done(let body): return body.json["data"]?["version"]?.intValue ?? entry.version + 1
            case .conflict: return nil
            case .refused(let error) where (error.httpStatus ?? 0) >= 500: failure = error
            case let answer: throw VaultConnection.Failure(error: unusable(answer, purpose), mayBeDone: false)
            }
        } catch {
            guard error.mayBeDone else { throw error.error }
            failure = error.error
        }
        // The answer was lost, and what was to be saved may be there.
        guard let found = try? await read(engine), found.record == record, found.isPresent,
            data.allSatisfy({ found.data[$0.0]?.stringValue == $0.1 })
        else { throw failure }
        return found.version
    }

    /// The JSON of a write. The buffer is reserved in one piece and wiped.
    private static func body(_ record: Secret?, _ data: [(String, String)], cas: Int?) throws(OmlxError) -> Secret {
        let others = JSON.object(JSONObject(data.map { ($0.0, .string($0.1)) })).serialized()
        var output: [UInt8] = []
        output.reserveCapacity(others.count + (record?.maximumJSONCount ?? 0) + 80)
        defer { Secret.wipe(&output) }
        if cas != nil { output += Array("{\"data\":".utf8) }
        output += others.dropLast()
        if let record {
            output += Array("\(data.isEmpty ? "" : ",")\"\(VaultAnswer.recordMember)\":".utf8)
            guard record.appendJSONString(to: &output) else {
                throw OmlxError(.storeWriteFailed, "a record that is not text cannot be stored")
            }
        }
        output += Array("}".utf8)
        if let cas { output += Array(",\"options\":{\"cas\":\(cas)}}".utf8) }
        return Secret(output)
    }

    /// Removes the entry with all its versions.
    func delete(_ engine: VaultConnection.Engine) async throws(OmlxError) {
        let purpose = "delete a record"
        let answer: VaultAnswer
        do throws(VaultConnection.Failure) {
            answer = try await call("DELETE", "metadata", engine, doing: purpose)
        } catch { throw error.error }
        switch answer {
        case .done, .missing: return
        default: throw unusable(answer, purpose)
        }
    }

    /// The names in the folder at this place.
    func names(_ engine: VaultConnection.Engine) async throws(OmlxError) -> [String] {
        let purpose = "list the records"
        let answer: VaultAnswer
        do throws(VaultConnection.Failure) {
            answer = try await call("GET", "metadata", engine, query: "list=true", doing: purpose)
        } catch { throw error.error }
        switch answer {
        case .done(let body): return body.json["data"]?["keys"]?.stringArrayValue ?? []
        case .missing: return []
        default: throw unusable(answer, purpose)
        }
    }
}
