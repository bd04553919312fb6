#!/bin/sh
# Starts davit before the root device is waited for. Nothing here waits for the network or for anybody.
# Sourced by dracut, so that it must not exit. davit=off on the kernel line leaves it out.

if getargbool 1 davit; then
    # The supervisor starts everything else again; this starts the supervisor again, until the hand-over.
    (
        until [ -e /run/davit/stopped ]; do
            /usr/sbin/davit supervise --until-hand-over 2>/dev/kmsg
            [ -e /run/davit/stopped ] || sleep 2
        done
    ) </dev/null >/dev/null 2>&1 &
fi
