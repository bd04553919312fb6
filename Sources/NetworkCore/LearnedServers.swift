/// Name servers and search domains as texts, from whatever told them.
package struct LearnedServers: Equatable, Sendable {
    package var nameServers: [String]
    package var search: [String]

    package init(nameServers: [String] = [], search: [String] = []) {
        self.nameServers = nameServers
        self.search = search
    }
}
