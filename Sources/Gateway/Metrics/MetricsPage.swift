// The text that Prometheus reads (text exposition format 0.0.4).

/// Families of samples, in the order they are added; samples in the order of their labels.
struct MetricsPage {
    typealias Labels = [(name: String, value: String)]

    private(set) var text = ""

    mutating func gauge(_ name: String, _ help: String, _ value: Double) { gauges(name, help, [([], value)]) }

    mutating func gauges(_ name: String, _ help: String, _ samples: [(Labels, Double)]) {
        head(name, help, "gauge")
        for (labels, value) in sorted(samples) { line(name, labels, number(value)) }
    }

    mutating func counter(_ name: String, _ help: String, _ samples: [(Labels, Int)]) {
        head(name, help, "counter")
        for (labels, value) in sorted(samples) { line(name, labels, "\(value)") }
    }

    /// A histogram, and beside it a counter of the same, where other programs have one.
    mutating func histogram(
        _ name: String, _ help: String, counting counter: String, _ counterHelp: String,
        _ samples: [(Labels, Histogram)]
    ) {
        self.counter(counter, counterHelp, samples.map { ($0, $1.count) })
        histogram(name, help, samples)
    }

    mutating func histogram(_ name: String, _ help: String, _ samples: [(Labels, Histogram)]) {
        head(name, help, "histogram")
        for (labels, histogram) in sorted(samples) {
            var count = 0
            for (bound, more) in zip(Histogram.bounds, histogram.counts) {
                count += more
                line(name + "_bucket", labels + [("le", number(bound))], "\(count)")
            }
            line(name + "_bucket", labels + [("le", "+Inf")], "\(histogram.count)")
            line(name + "_sum", labels, number(histogram.sum))
            line(name + "_count", labels, "\(histogram.count)")
        }
    }

    private func sorted<Value>(_ samples: [(Labels, Value)]) -> [(Labels, Value)] {
        samples.sorted { $0.0.map(\.value).lexicographicallyPrecedes($1.0.map(\.value)) }
    }

    private mutating func head(_ name: String, _ help: String, _ kind: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
    }

    private mutating func line(_ name: String, _ labels: Labels, _ value: String) {
        let shown = labels.map { "\($0.name)=\"\(Self.escape($0.value))\"" }.joined(separator: ",")
        text += shown.isEmpty ? "\(name) \(value)\n" : "\(name){\(shown)} \(value)\n"
    }

    private func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    }

    static func escape(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
