// omlx-demo-server: runs a DemoServer as a process until a signal or the end of stdin.

import OmlxDemoServer
import Dispatch
import FoundationEssentials
import Glibc

@main
enum DemoServerCommand {
    static let usage = """
        usage: omlx-demo-server [--port N] [--profile NAME] [--script FILE] [--consent auto|page|deny]
                                [--ready-file PATH] [--until-stdin-closes]
               omlx-demo-server --profiles

        An MCP server with its own OAuth authorization server, on 127.0.0.1.

          --port N               listen there; without it, on a free port
          --profile NAME         behave as that provider does
          --profiles             list the providers, and end
          --script FILE          answers, as JSON; they change those of the profile
          --consent auto|page|deny
                                 what the consent page does
          --ready-file PATH      write the MCP URL there once the server listens
          --until-stdin-closes   end at the end of stdin, not only at SIGTERM or SIGINT

        """

    static func main() async {
        do {
            let arguments = try Arguments(CommandLine.arguments.dropFirst())
            if arguments.wantsHelp { return write(usage, to: STDOUT_FILENO) }
            if arguments.wantsProfiles {
                let lines = DemoScript.profiles.map { "\($0.name)\t\($0.summary)\n" }
                return write(lines.joined(), to: STDOUT_FILENO)
            }
            let ending = EndingEvents(stdinToo: arguments.endsWithStdin)
            let server = try await DemoServer.start(script: try arguments.script(), port: arguments.port)
            write("listening on \(server.url)\n", to: STDOUT_FILENO)
            if let path = arguments.readyFile {
                try Data("\(server.url)\n".utf8).write(to: URL(filePath: path), options: .atomic)
            }
            await ending.first()
            await server.stop()
        } catch let error as UsageError {
            write("omlx-demo-server: \(error.message)\n\n\(usage)", to: STDERR_FILENO)
            exit(64)
        } catch {
            write("omlx-demo-server: \(error)\n", to: STDERR_FILENO)
            exit(1)
        }
    }

    static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count <= 0 { return }
            sent += count
        }
    }
}

/// SIGTERM, SIGINT and, if wanted, the end of stdin.
struct EndingEvents {
    private let events: AsyncStream<Void>
    private let sources: [any DispatchSourceSignal]

    init(stdinToo: Bool) {
        let (events, continuation) = AsyncStream<Void>.makeStream()
        self.events = events
        sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield() }
            source.resume()
            return source
        }
        guard stdinToo else { return }
        DispatchQueue(label: "stdin").async {
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = read(STDIN_FILENO, &buffer, buffer.count)
                if count == 0 || (count < 0 && errno != EINTR) { break }
            }
            continuation.yield()
        }
    }

    func first() async {
        for await _ in events { return }
    }
}
