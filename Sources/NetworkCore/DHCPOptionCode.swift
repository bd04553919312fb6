/// The option codes that davit sends or reads. Source: RFC 2132 and the RFC named at each.
package enum DHCPOptionCode {
    package static let pad: UInt8 = 0
    package static let subnetMask: UInt8 = 1
    package static let router: UInt8 = 3
    package static let domainNameServer: UInt8 = 6
    package static let hostName: UInt8 = 12
    package static let domainName: UInt8 = 15
    package static let interfaceMTU: UInt8 = 26
    package static let broadcastAddress: UInt8 = 28
    package static let ntpServers: UInt8 = 42
    package static let requestedAddress: UInt8 = 50
    package static let leaseTime: UInt8 = 51
    package static let overload: UInt8 = 52
    package static let messageType: UInt8 = 53
    package static let serverIdentifier: UInt8 = 54
    package static let parameterRequestList: UInt8 = 55
    package static let message: UInt8 = 56
    package static let maximumMessageSize: UInt8 = 57
    package static let renewalTime: UInt8 = 58
    package static let rebindingTime: UInt8 = 59
    package static let clientIdentifier: UInt8 = 61
    /// RFC 4039.
    package static let rapidCommit: UInt8 = 80
    /// RFC 3397.
    package static let domainSearch: UInt8 = 119
    /// RFC 3442.
    package static let classlessRoutes: UInt8 = 121
    package static let end: UInt8 = 255

    /// What davit asks for. RFC 3442 wants 121 before 3.
    package static let requested: [UInt8] = [
        subnetMask, classlessRoutes, router, domainNameServer, hostName, domainName, interfaceMTU,
        broadcastAddress, ntpServers, leaseTime, serverIdentifier, renewalTime, rebindingTime,
        domainSearch,
    ]
}
