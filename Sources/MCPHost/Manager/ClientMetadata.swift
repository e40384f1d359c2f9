// The client id metadata document a user hosts for omlx, made to fit a server's configuration.

import OmlxErrors
import OmlxJSON
import OmlxOAuth
import OmlxSignIn

extension HostConfiguration {
    /// The document to host at a URL, which is then the client id (C7.5).
    /// - Parameters:
    ///   - url: the URL; the server's configured one when `nil`.
    ///   - name: the server whose redirect settings and client name it is to fit; omlx's own when `nil`.
    /// - Throws: `OmlxError`: `CONFIG_SERVER_UNKNOWN`, the error of the server's entry, `CONFIG_AUTH_INVALID`.
    public func clientMetadataDocument(url: String?, server name: String? = nil) throws(OmlxError) -> JSON {
        var settings = SignInConfiguration()
        if let name {
            guard let entry = server(named: name) else { throw unknownServer(name) }
            settings = try entry.result.get().signInConfiguration
        }
        guard let url = url ?? settings.clientMetadataURL else {
            throw OmlxError(
                .configAuthInvalid, "the document needs the https URL you will host it at, which is its client id",
                nextStep: Remedy(.clientMetadata(url: "https://example.com/omlx.json")))
        }
        try ClientIDMetadataDocument.check(url)
        return ClientIDMetadataDocument(
            url: url, clientName: settings.clientName, redirectURIs: settings.redirect.documentURIs
        ).json
    }
}

extension RedirectSettings {
    /// The redirect URIs of a document for these settings.
    fileprivate var documentURIs: [String] {
        if let foreignURI { return [foreignURI] }
        let usual = RedirectSettings()
        guard host != usual.host || port != nil else { return ClientIDMetadataDocument.redirectURIs(path: path) }
        let shown = host.contains(":") ? "[\(host)]" : host
        return ["http://\(shown):\(port ?? ClientIDMetadataDocument.port)\(path)"]
    }
}
