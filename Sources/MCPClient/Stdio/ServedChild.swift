// A child process in the hands of the loop's thread, which alone reads, writes, signals and reaps it.

import Glibc
import OmlxConcurrency

/// One child and its descriptors. Used on the loop's thread only.
final class ServedChild {
    /// How many entries for `poll` a child has.
    static let descriptorCount = 4
    /// How much is read after the end of the process at most, in bytes.
    private static let lastReadLimit = 16 << 20
    /// How long a process may take to end after it closed its output, in seconds.
    private static let outputClosedGrace = 0.5
    /// How long processes that left the group may take to end after SIGTERM, and again after SIGKILL, in seconds, and how often
    /// that is looked at.
    private static let leftGrace = 0.5
    private static let leftTick = 0.02

    private let child: ChildProcess
    private var input: Int32
    private var output: Int32
    private var error: Int32
    private var end: Int32
    private var shutdown: ShutdownSequence?
    private(set) var deadline: ContinuousClock.Instant?
    private(set) var isOver = false
    private var descendants: ChildDescendants
    /// How the process ended, while what it left behind is being ended.
    private var farewell: (status: ExitStatus, end: ContinuousClock.Instant)?
    private var buffer = [UInt8](repeating: 0, count: 64 << 10)

    init(_ child: ChildProcess) {
        self.child = child
        input = child.descriptors.input
        output = child.descriptors.output
        error = child.descriptors.error
        end = child.descriptors.end
        descendants = ChildDescendants(of: child.pid, mark: child.mark)
    }

    /// Whether only looking tells that it has ended.
    var needsTick: Bool { end < 0 && farewell == nil }

    func pollDescriptors() -> [pollfd] {
        let interests = child.interests()
        return [
            pollfd(fd: interests.write ? input : -1, events: Int16(POLLOUT), revents: 0),
            pollfd(fd: interests.read ? output : -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: interests.read ? error : -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: end, events: Int16(POLLIN), revents: 0),
        ]
    }

    func serve(_ events: [Int16]) {
        if isOver { return }
        if events[0] != 0, !child.writeSome() { closeInput() }
        if events[1] != 0, !readSome(output, { .output($0) }) {
            close(&output)
            // What cannot answer any more is ended; most are ending by themselves just now.
            if shutdown == nil { begin(ShutdownSequence(grace: Self.outputClosedGrace, quickly: false), .now) }
        }
        if events[2] != 0, !readSome(error, { .error($0) }) { close(&error) }
        if farewell == nil, events[3] != 0 || needsTick { reapIfEnded() }
    }

    // MARK: input and output

    /// What lies in the pipe is what the process has not read.
    private func noteUnread() {
        var count: Int32 = 0
        if input >= 0, ioctl(input, UInt(FIONREAD), &count) == 0 { child.noteUnread(Int(count)) }
    }

    private func closeInput() {
        noteUnread()
        child.inputClosed()
        close(&input)
    }

    private func close(_ descriptor: inout Int32) {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    /// Reads once; false at the end of the stream.
    private func readSome(_ descriptor: Int32, _ wrap: ([UInt8]) -> ChildOutput) -> Bool {
        guard descriptor >= 0 else { return true }
        let count = read(descriptor, &buffer, buffer.count)
        if count > 0 { child.deliver(wrap(Array(buffer[..<count]))) }
        return count > 0 || count < 0 && (errno == EAGAIN || errno == EINTR)
    }

    /// What lies in a pipe after its writer is gone.
    private func readRest(_ descriptor: Int32, _ wrap: ([UInt8]) -> ChildOutput) {
        guard descriptor >= 0 else { return }
        var total = 0
        while total < Self.lastReadLimit {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return }
            total += count
            child.deliver(wrap(Array(buffer[..<count])))
        }
    }

    // MARK: the end

    /// Begins a shutdown that was asked for and takes the steps that are due.
    func advanceShutdown(_ now: ContinuousClock.Instant) {
        if isOver { return }
        if farewell != nil {
            if (deadline ?? now) <= now { seeOff(now) }
            return
        }
        if let asked = child.takeShutdown() { begin(asked, now) }
        while let due = deadline, due <= now, !isOver { takeStep(now) }
    }

    private func begin(_ sequence: ShutdownSequence, _ now: ContinuousClock.Instant) {
        guard farewell == nil else { return }
        shutdown = sequence
        deadline = now
        descendants.look()
    }

    private func takeStep(_ now: ContinuousClock.Instant) {
        guard let (step, wait) = shutdown?.next() else {
            deadline = nil
            return
        }
        deadline = now + .bounded(wait)
        if step == .terminate || step == .kill { descendants.look() }
        switch step {
        case .closeInput: closeInput()
        case .terminate: kill(-child.pid, SIGTERM)
        case .kill: kill(-child.pid, SIGKILL)
        case .giveUp: finish(.unknown)
        }
    }

    /// The group is killed before its leader is reaped: until then its number is no other's.
    private func reapIfEnded() {
        var info = siginfo_t()
        let status = waitid(P_PID, id_t(child.pid), &info, WEXITED | WNOHANG | WNOWAIT)
        if status == 0, info.si_signo == 0 { return }
        if status < 0, errno == EINTR { return }
        if status == 0 {
            descendants.look()
            kill(-child.pid, SIGKILL)
        }
        noteUnread()
        readRest(error) { .error($0) }
        readRest(output) { .output($0) }
        var raw: Int32 = 0
        let reaped = status == 0 ? waitpid(child.pid, &raw, 0) : -1
        close(&end)
        let now = ContinuousClock.now
        farewell = (reaped == child.pid ? ExitStatus(raw) : .unknown, now + .bounded(Self.leftGrace))
        let left = descendants.running()
        for process in left { process.signal(SIGTERM) }
        if left.isEmpty { seeOff(now) } else { deadline = now + .bounded(Self.leftTick) }
    }

    /// Ends what left the group: at last with SIGKILL, and what was started meanwhile with it. Even then it takes the kernel a
    /// moment.
    private func seeOff(_ now: ContinuousClock.Instant) {
        guard let farewell else { return }
        let left = descendants.running()
        if left.isEmpty || now >= farewell.end + .bounded(Self.leftGrace) { return finish(farewell.status) }
        if now >= farewell.end { for process in left { process.signal(SIGKILL) } }
        deadline = now + .bounded(Self.leftTick)
    }

    private func finish(_ status: ExitStatus) {
        for descriptor in [input, output, error, end] where descriptor >= 0 { Glibc.close(descriptor) }
        input = -1
        output = -1
        error = -1
        end = -1
        deadline = nil
        isOver = true
        child.ended(status)
    }
}

extension ExitStatus {
    /// What `waitpid` tells.
    init(_ raw: Int32) {
        let signal = raw & 0x7F
        self = signal == 0 ? .exited((raw >> 8) & 0xFF) : .signalled(signal)
    }
}
