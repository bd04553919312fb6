extension ConnectionLimits {
    /// The numbers, each with the attack that it bounds.
    package struct Configuration: Sendable {
        /// Connections on which somebody is logged in. Bounds memory against many addresses with a key each.
        package var total = 100
        /// Connections of one address. Bounds what one thief of a key, or one broken script, can take.
        package var perAddress = 20
        /// Connections that have not logged in, of one address. Bounds one stranger who opens and says nothing.
        package var halfOpenPerAddress = 8

        /// Places for connections on which nothing has come in. Bounds descriptors against strangers who only
        /// connect: at 10,000 a minute each keeps its place for more than a second, and clients speak at once.
        package var silent = 192
        /// Places for those who wait for a process. Bounds descriptors against strangers who speak,
        /// and the wait of whom a busy machine serves after all.
        package var spoken = 48
        /// Places for those who exchange keys. Bounds memory, about 1 MiB each, against strangers who begin to speak
        /// SSH. At 10,000 a minute one may rest for 570 ms between two packets.
        package var started = 96
        /// Places for those who have exchanged keys. Bounds memory against strangers who go that far, which costs
        /// them no computing: a client can send its part of the exchange blindly.
        package var exchanged = 96
        /// Places for those at which a person is. Bounds memory against who knows a listed public key.
        package var offered = 24
        /// Processes that start up at a time. Bounds the processor time that strangers take from everybody else: on a
        /// slow machine the others wait, and cost nothing while they do.
        package var starting = 8
        /// Half-open processes below which who says nothing gets one too; some clients wait for the server's greeting.
        package var quiet = 10
        package var patienceForBanner = Duration.milliseconds(400)
        /// For how long a client that exchanges keys may rest before it can be pushed out: a round trip over a slow line.
        package var patienceForProgress = Duration.milliseconds(250)

        /// From the connection's begin until keys are exchanged. Bounds the time that one stranger holds a place.
        package var handshakeTime = Duration.seconds(15)
        /// From the connection's begin until somebody is logged in: a person types the passphrase of a key, touches a
        /// token, or waits for the derivation of a disk's passphrase.
        package var loginTime = Duration.seconds(120)

        /// What a process, which ends by itself in time, is given beyond that before it is killed. Bounds what is stuck.
        package var grace = Duration.seconds(2)
        /// Between two packets of a client that has exchanged keys, unless a person is at it. Bounds the time that a
        /// stranger holds a process by going that far.
        package var idleTime = Duration.seconds(20)
        /// Packets before a login. Bounds what a stranger can make libssh deal with; a login with many keys takes 30.
        package var packetsBeforeLogin: UInt64 = 200

        /// Connections that one address may open at once, and how fast it earns the next. Bounds the processes that
        /// one address can make this machine start; a login gives its connection back.
        package var burst = 20
        package var timePerConnection = Duration.milliseconds(500)
        /// Logins that one address may fail, and how fast it is forgiven one. Bounds guessing over many
        /// connections, which a limit on each connection does not.
        package var refusals = 60
        package var timePerRefusal = Duration.seconds(5)
        /// Addresses that are remembered. Bounds this table's memory against a stranger with a whole /32.
        package var addresses = 4096
        /// Addresses from which somebody logged in, that are remembered and served first.
        package var knownAddresses = 64

        /// - Parameter memory: the machine's, in bytes: strangers get an eighth of it at most.
        package init(memory: UInt64 = .max) {
            let each = UInt64(1 << 20)
            let share = max(16, Int(clamping: memory / 16 / each))
            started = min(started, share)
            exchanged = min(exchanged, share)
        }

        func places(_ stage: Stage) -> Int {
            switch stage {
            case .silent: silent
            case .spoken: spoken
            case .started: started
            case .exchanged: exchanged
            case .offered: offered
            case .loggedIn: total
            }
        }
    }
}
