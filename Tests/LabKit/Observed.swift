import Synchronization

/// A value that threads change and tasks wait on, each wait with a deadline.
package final class Observed<Value: Sendable>: Sendable {
    private struct Contents {
        var value: Value
        var version = 0
        var nextWaiter = 0
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let contents: Mutex<Contents>

    package init(_ value: Value) {
        contents = Mutex(Contents(value: value))
    }

    package var value: Value { contents.withLock { $0.value } }

    package func read<Result: Sendable>(_ body: (Value) -> Result) -> Result {
        contents.withLock { body($0.value) }
    }

    package func update(_ body: (inout Value) -> Void) {
        let woken = contents.withLock { contents in
            body(&contents.value)
            contents.version += 1
            defer { contents.waiters = [:] }
            return Array(contents.waiters.values)
        }
        for waiter in woken { waiter.resume() }
    }

    /// Waits until `condition` gives something; `nil` when the deadline passes first.
    /// - Throws: `CancellationError` when the waiting task is cancelled.
    package func first<Result: Sendable>(
        before deadline: ContinuousClock.Instant, _ condition: (Value) throws -> Result?
    ) async throws -> Result? {
        while true {
            let (found, version) = try contents.withLock {
                (try condition($0.value), $0.version)
            }
            if let found { return found }
            try Task.checkCancellation()
            if ContinuousClock.now >= deadline { return nil }
            await changed(since: version, deadline: deadline)
        }
    }

    private func changed(since version: Int, deadline: ContinuousClock.Instant) async {
        let waiter = contents.withLock { contents in
            defer { contents.nextWaiter += 1 }
            return contents.nextWaiter
        }
        let alarm = Task {
            try? await Task.sleep(until: deadline, clock: .continuous)
            self.wake(waiter)
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let tooLate = contents.withLock { contents in
                    if contents.version != version || Task.isCancelled { return true }
                    contents.waiters[waiter] = continuation
                    return false
                }
                if tooLate { continuation.resume() }
            }
        } onCancel: {
            wake(waiter)
        }
        alarm.cancel()
    }

    private func wake(_ waiter: Int) {
        contents.withLock { $0.waiters.removeValue(forKey: waiter) }?.resume()
    }
}
