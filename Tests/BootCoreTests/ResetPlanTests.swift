import BootCore
import Testing

@Suite struct ResetPlanTests {
    private typealias Mount = ResetPlan.Mount
    private typealias Mapping = ResetPlan.Mapping

    @Test func unmountsInnerOnesFirstAndOnlyWhatLasts() {
        let plan = ResetPlan(
            mounts: [
                Mount(point: "/", source: "rootfs", type: "rootfs"),
                Mount(point: "/dev", source: "udev", type: "devtmpfs"),
                Mount(point: "/run", source: "tmpfs", type: "tmpfs"),
                Mount(point: "/root", source: "/dev/mapper/root", type: "ext4"),
                Mount(point: "/root/srv", source: "/dev/sda:/dev/sdb", type: "bcachefs"),
                Mount(point: "/root/tmp", source: "tmpfs", type: "tmpfs"),
                Mount(point: "/rooted", source: "tmpfs", type: "tmpfs"),
                Mount(point: "/pool", source: "pool/a", type: "zfs"),
            ], mappings: [])
        #expect(plan.unmounts == ["/pool", "/root/tmp", "/root/srv", "/root"])
        #expect(plan.closings == [])
    }

    @Test func neverUnmountsTheRootItself() {
        let plan = ResetPlan(
            mounts: [Mount(point: "/", source: "/dev/sda1", type: "ext4")], mappings: [])
        #expect(plan.unmounts == [])
    }

    @Test func closesUpperMappingsFirst() {
        let plan = ResetPlan(
            mounts: [],
            mappings: [
                Mapping(name: "crypt", device: "dm-0", holders: ["dm-1", "dm-2"]),
                Mapping(name: "vg-root", device: "dm-1", holders: []),
                Mapping(name: "vg-thin", device: "dm-2", holders: ["dm-3", "md0"]),
                Mapping(name: "thin", device: "dm-3", holders: []),
            ])
        #expect(plan.closings == ["vg-root", "thin", "vg-thin", "crypt"])
    }

    @Test func aCircleStillEnds() {
        let plan = ResetPlan(
            mounts: [],
            mappings: [
                Mapping(name: "a", device: "dm-0", holders: ["dm-1"]),
                Mapping(name: "b", device: "dm-1", holders: ["dm-0"]),
            ])
        #expect(plan.closings == ["a", "b"])
    }
}
