import LabKit
import Testing

/// VLANs and bonds on a kernel that has them: the host's own may lack both.
struct VirtualLinkStories {
    @Test(
        "VLANs and bonds that the kernel's command line names are made and used; again, nothing changes."
    )
    func made() async throws {
        let system = try await RescueSystem.forRepairs()
        let told = try await system.run(
            """
            davit modules load 8021q bonding dummy >/dev/null
            for link in d0 d1 d2; do ip link add $link type dummy; done
            echo "ip=192.0.2.9::192.0.2.1:24:box:d0.5:none ip=198.51.100.9:::24:box:bond7:none" \\
                "vlan=d0.5:d0 bond=bond7:d1,d2:mode=active-backup,miimon=100" >/tmp/line
            mount --bind /tmp/line /proc/cmdline
            davit net --interface d0.5 --interface bond7 --once --timeout 180; echo "code=$?"
            cat /proc/net/vlan/d0.5 /proc/net/bonding/bond7
            ip -4 address; ip route
            davit log
            ip link >/tmp/links; ip -4 address >/tmp/addresses
            davit net --interface d0.5 --interface bond7 --once --timeout 180; echo "again=$?"
            ip link | cmp - /tmp/links && ip -4 address | cmp - /tmp/addresses && echo unchanged
            """, disks: [], within: .seconds(900))
        print(told)
        #expect(told.contains("code=0"))
        #expect(told.contains("VID: 5"))
        #expect(told.contains("Bonding Mode: fault-tolerance (active-backup)"))
        #expect(told.contains("MII Polling Interval (ms): 100"))
        #expect(told.contains("Slave Interface: d1") && told.contains("Slave Interface: d2"))
        #expect(told.contains("inet 192.0.2.9/24") && told.contains("inet 198.51.100.9/24"))
        #expect(told.contains("default via 192.0.2.1 dev d0.5"))
        #expect(told.contains("again=0") && told.contains("unchanged"))
    }
}
