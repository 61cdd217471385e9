# Roots: a mail server or tool as Debian ships it, in a layer of its own.
#
# enter_root NAME CMD... runs CMD where /usr, /etc and /var are overlays:
# the host's tree below, NAME's packages above it, and on top a scratch layer
# that is gone when CMD ends. Needs overlayfs; WORK must lie outside /usr, /etc
# and /var, on a file system that can be an upper layer.

layered='usr etc var'

packages_of() {  # NAME
    sed -n "s/^$1  *//p" "$RECORD/packages"
}

# Mounts the three overlays of $1, writing to $2; only inside a private mount namespace.
mount_layers() {  # INSTALLED UPPER
    local dir lower
    for dir in $layered; do
        mkdir -p "$2/$dir" "$2/.$dir"
        lower=/$dir
        [ "$1" = - ] || lower=$1/$dir:/$dir
        mount -t overlay overlay -o "lowerdir=$lower,upperdir=$2/$dir,workdir=$2/.$dir" "/$dir" || return
    done
}

# Installs the packages of a root once; later recordings find it ready.
install_root() {  # NAME
    local root=$WORK/roots/$1
    [ "$(packages_of "$1")" = "$(cat "$root/ready" 2>/dev/null)" ] && return
    echo "installing: $(packages_of "$1")"
    rm -rf "$root"
    mkdir -p "$root"
    # shellcheck disable=SC2016
    unshare --mount bash -euc '
        source "$1/lib/roots.sh"
        RECORD=$1
        mount_layers - "$2"
        printf "#!/bin/sh\nexit 101\n" >/usr/sbin/policy-rc.d    # start no service
        chmod 755 /usr/sbin/policy-rc.d
        export DEBIAN_FRONTEND=noninteractive
        debconf-set-selections <<<"postfix postfix/main_mailer_type select No configuration"
        apt-get -qq update
        apt-get -qq -y --no-install-recommends install $(packages_of "$3")
    ' bash "$RECORD" "$root" "$1" >"$root/log" 2>&1 </dev/null || { tail "$root/log"; return 1; }
    packages_of "$1" >"$root/ready"
}

install_host_packages() {
    local missing
    # shellcheck disable=SC2046
    missing=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' $(packages_of host) 2>&1 |
        sed -n 's/ not-installed$//p; s/^dpkg-query: no packages found matching //p')
    [ -z "$missing" ] && return
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install $missing </dev/null
}
