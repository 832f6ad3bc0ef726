#!/bin/bash
# Prepares the small VM: QEMU and busybox from apt, Debian kernels unpacked (not installed), one initramfs per kernel.
# Everything goes to $UNPLUGIN_BPF_VM (default ~/.cache/unplugin-bpf-vm); what is there already is kept.
# usage: setup.sh [kernel-version ...]      default: the newest generic 6.1 and 6.12 kernels that apt offers
set -eu
here=$(cd "$(dirname "$0")" && pwd)
rig=${UNPLUGIN_BPF_VM:-$HOME/.cache/unplugin-bpf-vm}
mkdir -p "$rig/debs" "$rig/k"

need() { for tool in "$@"; do command -v "$tool" >/dev/null || return 1; done; }
need qemu-system-x86_64 depmod cpio && [ -x /bin/busybox ] ||
  apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends qemu-system-x86 busybox-static cpio kmod

kernels=("$@")
if [ ${#kernels[@]} = 0 ]; then
  [ -n "$(apt-cache pkgnames linux-image-6.)" ] || apt-get -o DPkg::Lock::Timeout=600 update -qq
  for pattern in '^linux-image-6\.1\.0-[0-9]+-amd64$' '^linux-image-6\.12\.[0-9]+[^ -]*-amd64$'; do
    newest=$(apt-cache pkgnames linux-image- | grep -E "$pattern" | sort -V | tail -1)
    [ -n "$newest" ] && kernels+=("${newest#linux-image-}") || echo "apt offers no kernel like $pattern" >&2
  done
fi
[ ${#kernels[@]} -gt 0 ] || { echo "no kernel to prepare" >&2; exit 1; }

for version in "${kernels[@]}"; do
  root=$rig/k/$version
  if [ ! -d "$root" ]; then
    (cd "$rig/debs" && { ls "linux-image-${version}"_*.deb >/dev/null 2>&1 || apt-get download -q "linux-image-$version"; })
    mkdir -p "$root.new" && dpkg-deb -x "$rig"/debs/"linux-image-${version}"_*.deb "$root.new" && mv "$root.new" "$root"
  fi
  [ -d "$root/lib/modules" ] || ln -sfn usr/lib "$root/lib"
  [ -f "$root/lib/modules/$version/modules.dep" ] || depmod -b "$root" "$version"
  # The initramfs: busybox, the modules for a 9p root under an overlay, and the two scripts.
  tree=$(mktemp -d)
  mkdir -p "$tree"/{bin,proc,sys,dev,lower,rw,newroot,modules}
  cp /bin/busybox "$tree/bin/"; : >"$tree/modules/order"
  for module in virtio_pci 9pnet_virtio 9p overlay; do
    modprobe -d "$root" -S "$version" --show-depends "$module" | sed -n 's/^insmod \([^ ]*\).*/\1/p' | while read -r file; do
      name=$(basename "$file" .xz)
      [ -f "$tree/modules/$name" ] && continue
      case $file in *.xz) xz -dc "$file" >"$tree/modules/$name" ;; *) cp "$file" "$tree/modules/$name" ;; esac
      echo "$name" >>"$tree/modules/order"
    done
  done
  cp "$here/init" "$here/stage2" "$tree/"; chmod +x "$tree/init" "$tree/stage2"
  (cd "$tree" && find . | cpio -o -H newc --quiet) >"$root/initrd.cpio"
  rm -rf "$tree"
  echo "ready: $version"
done
