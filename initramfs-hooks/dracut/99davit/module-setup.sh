#!/bin/bash
# Bakes davit into the initramfs: the program, its keys and settings, and the drivers of the network.
# Called by dracut; see dracut.modules(7).
# shellcheck disable=SC2154 # moddir and initdir are dracut's.

davit_functions=/usr/local/share/davit/functions

# Goes in wherever it is installed; 'omit_dracutmodules+=" davit "' leaves it out.
check() {
    [[ -x /usr/local/sbin/davit && -r $davit_functions ]]
}

depends() {
    return 0
}

installkernel() {
    local drivers
    # shellcheck source=initramfs-hooks/functions
    . "$davit_functions"
    drivers=$(davit_drivers_here)
    # Built for a machine whose cards are not here, in a chroot for instance: all of them.
    if [[ -z $drivers ]]; then drivers="=drivers/net/ethernet =drivers/net/phy =drivers/net/usb $(davit_modules virtual)"; fi
    # Not only what this machine uses now: a rescue may have other devices.
    # shellcheck disable=SC2046,SC2086 # Words.
    hostonly='' instmods $drivers $(davit_modules network unlock export buses) \
        $(for checker in $(davit_checkers); do davit_checker_modules "$checker"; done)
}

install() {
    local file
    # shellcheck source=initramfs-hooks/functions
    . "$davit_functions"
    # A kernel update must not fail because of davit: what is missing is said, and the rest goes in.
    while read -r file; do dwarning "davit: $file"; done < <(davit_complaints)
    inst_simple "$davit_installed" /usr/sbin/davit
    for file in $davit_files; do
        if [[ -e $davit_settings/$file ]]; then
            inst_simple "$davit_settings/$file"
            chmod 0600 "$initdir$davit_settings/$file"
        fi
    done
    chmod 0700 "$initdir$davit_settings"
    # Checkers for davit repair, as davit.conf names them.
    for file in $(davit_checkers); do inst_binary "$file"; done
    if [[ -n $(davit_checkers) && -n $(davit_libgcc) ]]; then inst_library "$(davit_libgcc)"; fi
    if [[ -e /etc/hostname ]]; then inst_simple /etc/hostname; fi
    inst_hook pre-trigger 10 "$moddir/davit-start.sh"
    inst_hook cleanup 10 "$moddir/davit-stop.sh"
}
