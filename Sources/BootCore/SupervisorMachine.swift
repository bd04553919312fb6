/// Keeps services running: starts each, starts it again for ever after a bounded pause, and stops them all when asked.
///
/// The first service carries the others: it is asked to end when they have ended. It is the network, and without it nobody who is
/// logged in would learn that the SSH server stops: his terminal would hang.
///
/// Pure: the driver starts and signals processes and says what became of them. A spurious event does nothing.
package struct SupervisorMachine: Sendable {
    package enum Event: Sendable, Equatable {
        case begin
        /// The process of that service has ended, or could not be started.
        case ended(String)
        /// Something that a service may have waited for has come: a device, a network interface.
        case worldChanged
        case timeReached
        case stopRequested
    }

    package enum Effect: Sendable, Equatable {
        case start(String)
        case terminate(String)
        case kill(String)
        /// Nothing runs any more, and nothing will be started.
        case finish
    }

    /// What is known of one service.
    package struct Report: Sendable, Equatable {
        package enum State: Sendable, Equatable {
            case running
            /// Will be started again at that time since boot.
            case pausing(until: Duration)
            /// Was asked to end and is killed at that time since boot.
            case ending(killAt: Duration)
            case ended
        }
        package let name: String
        package internal(set) var state: State = .ended
        /// Time since boot of the last change of `state`.
        package internal(set) var since: Duration = .zero
        /// How often it was started.
        package internal(set) var starts = 0
        /// How often in a row it ended before it had run for `Pauses.settled`.
        package internal(set) var failures = 0
    }

    /// How long to wait before a service is started again.
    package struct Pauses: Sendable {
        /// The first pause; each further failure doubles it.
        package var first: Duration = .milliseconds(250)
        /// No pause is longer, however often a service failed.
        package var longest: Duration = .seconds(10)
        /// A service that ran for so long is well: its failures are forgotten.
        package var settled: Duration = .seconds(30)
        /// `worldChanged` ends a pause early, but not sooner than so long after the end.
        package var shortest: Duration = .milliseconds(250)
        /// How long a service may take to end when asked, before it is killed.
        package var grace: Duration = .seconds(2)
        package init() {}
    }

    package private(set) var services: [Report]
    private let pauses: Pauses
    private var isStopping = false

    package init(_ names: [String], pauses: Pauses = Pauses()) {
        services = names.map { Report(name: $0) }
        self.pauses = pauses
    }

    /// Time since boot at which the driver must send `.timeReached`; `nil` while every service runs.
    package var deadline: Duration? {
        services.compactMap { service in
            switch service.state {
            case .pausing(let until): until
            case .ending(let killAt): killAt
            case .running, .ended: nil
            }
        }.min()
    }

    package mutating func handle(
        _ event: Event, at now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        switch event {
        case .begin:
            guard !isStopping else { return [] }
            return services.indices.flatMap { index in
                services[index].state == .ended ? start(index, at: now) : []
            }
        case .ended(let name):
            guard let index = services.firstIndex(where: { $0.name == name }) else { return [] }
            return ended(index, at: now, using: &random)
        case .worldChanged:
            return services.indices.flatMap { endPauseEarly($0, at: now) }
        case .timeReached:
            return services.indices.flatMap { timeReached($0, at: now) }
        case .stopRequested:
            guard !isStopping else { return [] }
            isStopping = true
            forgetPauses(at: now)
            let others = services.indices.dropFirst().flatMap { terminate($0, at: now) }
            return others + goOnStopping(at: now)
        }
    }

    private mutating func start(_ index: Int, at now: Duration) -> [Effect] {
        enter(.running, index, at: now)
        services[index].starts += 1
        return [.start(services[index].name)]
    }

    private mutating func ended(
        _ index: Int, at now: Duration, using random: inout some RandomNumberGenerator
    ) -> [Effect] {
        switch services[index].state {
        case .running where !isStopping:
            let ranFor = now - services[index].since
            services[index].failures = ranFor >= pauses.settled ? 1 : services[index].failures + 1
            enter(.pausing(until: now + pause(index, using: &random)), index, at: now)
            return []
        case .running, .ending:
            enter(.ended, index, at: now)
            return goOnStopping(at: now)
        case .pausing, .ended:
            return []
        }
    }

    private mutating func endPauseEarly(_ index: Int, at now: Duration) -> [Effect] {
        switch services[index].state {
        case .pausing where now - services[index].since >= pauses.shortest:
            return start(index, at: now)
        case .pausing, .running, .ending, .ended:
            return []
        }
    }

    private mutating func timeReached(_ index: Int, at now: Duration) -> [Effect] {
        switch services[index].state {
        case .pausing(let until) where now >= until:
            return start(index, at: now)
        case .ending(let killAt) where now >= killAt:
            // Asked again should the kernel take its time: SIGKILL cannot be lost, but costs nothing.
            enter(.ending(killAt: now + pauses.grace), index, at: now)
            return [.kill(services[index].name)]
        case .pausing, .ending, .running, .ended:
            return []
        }
    }

    private mutating func terminate(_ index: Int, at now: Duration) -> [Effect] {
        switch services[index].state {
        case .running:
            enter(.ending(killAt: now + pauses.grace), index, at: now)
            return [.terminate(services[index].name)]
        case .pausing, .ending, .ended:
            return []
        }
    }

    /// What would be started again stays as it is.
    private mutating func forgetPauses(at now: Duration) {
        for index in services.indices {
            guard case .pausing = services[index].state else { continue }
            enter(.ended, index, at: now)
        }
    }

    /// When nothing runs any more on top of the first service, that ends, too.
    private mutating func goOnStopping(at now: Duration) -> [Effect] {
        guard isStopping, services.dropFirst().allSatisfy({ $0.state == .ended }) else { return [] }
        let first = services.indices.prefix(1).flatMap { terminate($0, at: now) }
        return first + (services.allSatisfy { $0.state == .ended } ? [.finish] : [])
    }

    private mutating func enter(_ state: Report.State, _ index: Int, at now: Duration) {
        services[index].state = state
        services[index].since = now
    }

    /// Doubles with each failure up to the longest, then up to a quarter less, so that services that fail together
    /// do not come back together.
    private func pause(
        _ index: Int, using random: inout some RandomNumberGenerator
    ) -> Duration {
        let doublings = min(services[index].failures - 1, 16)
        let whole = min(pauses.first * (1 << doublings), pauses.longest)
        return whole - whole * Double.random(in: 0...0.25, using: &random)
    }
}
