// SPDX-License-Identifier: GPL-2.0-or-later

// libcni - the plugin under the library that containerd, CRI-O and podman call it with (Debian's
// golang-github-appc-cni-dev). Prints TAP lines without a plan; exit 1 when one failed. Run by libcni.sh.
//
// usage: libcni NETNS CACHE-FOLDER PLUGIN-FOLDER...
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/containernetworking/cni/libcni"
	current "github.com/containernetworking/cni/pkg/types/100"
)

// What containerd's go-cni hands over: no tags, so that the keys are HostPort and so on.
type portMapping struct {
	HostPort, ContainerPort int32
	Protocol, HostIP        string
}

const id = "3f2a9c71d04be8556a90c1b7e2d4f6088812ab34cd56ef7890ab12cd34ef5678"

var number, failures int

func verdict(good bool, format string, args ...interface{}) bool {
	number++
	word := "ok"
	if !good {
		word = "not ok"
		failures++
	}
	fmt.Printf("%s %d - %s\n", word, number, fmt.Sprintf(format, args...))
	return good
}

func fine(err error, format string, args ...interface{}) bool {
	if !verdict(err == nil, format, args...) {
		fmt.Printf("# %v\n", err)
	}
	return err == nil
}

func list(version, plugins string) *libcni.NetworkConfigList {
	text := fmt.Sprintf(`{"cniVersion": %q, "name": "web", "plugins": [%s]}`, version, plugins)
	conf, err := libcni.ConfListFromBytes([]byte(text))
	if err != nil {
		panic(err)
	}
	return conf
}

func runtimeConf(netns string) *libcni.RuntimeConf {
	return &libcni.RuntimeConf{
		ContainerID: id,
		NetNS:       netns,
		IfName:      "eth0",
		Args:        [][2]string{{"IgnoreUnknown", "1"}, {"K8S_POD_NAME", "pod"}},
		CapabilityArgs: map[string]interface{}{
			"portMappings": []portMapping{{8080, 80, "TCP", ""}, {8081, 81, "", ""}},
			"mac":          "02:00:00:00:00:77",
		},
	}
}

// One life as a runtime has it.
func life(cni *libcni.CNIConfig, netns, version, plugins string, check bool, ips, interfaces int) {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	conf, rt := list(version, plugins), runtimeConf(netns)

	if _, err := cni.ValidateNetworkList(ctx, conf); !fine(err, "%s: the list is valid", version) {
		return
	}
	result, err := cni.AddNetworkList(ctx, conf, rt)
	if !fine(err, "%s: add", version) {
		return
	}
	newest, err := current.NewResultFromResult(result)
	if fine(err, "%s: the result can be read as the newest", version) {
		verdict(result.Version() == version, "%s: it is of its version", version)
		verdict(len(newest.IPs) == ips, "%s: %d addresses of %d", version, len(newest.IPs), ips)
		verdict(len(newest.Interfaces) == interfaces, "%s: %d interfaces of %d", version, len(newest.Interfaces), interfaces)
		for _, ip := range newest.IPs {
			if ip.Interface != nil {
				at := newest.Interfaces[*ip.Interface]
				verdict(at.Sandbox == netns, "%s: %s is on %s, in the container", version, ip.Address.String(), at.Name)
			}
		}
	}
	if check {
		fine(cni.CheckNetworkList(ctx, conf, rt), "%s: check", version)
	} else {
		verdict(cni.CheckNetworkList(ctx, conf, rt) != nil, "%s: has no check", version)
	}
	// The library's cache is the runtime's memory; a second add must not disturb the first.
	again := runtimeConf(netns)
	again.CacheDir = os.Args[2] + "/second"
	_, err = cni.AddNetworkList(ctx, conf, again)
	verdict(err != nil, "%s: add twice is refused: %v", version, err)
	if check {
		fine(cni.CheckNetworkList(ctx, conf, rt), "%s: and changes nothing", version)
	}
	fine(cni.DelNetworkList(ctx, conf, rt), "%s: delete", version)
	rt.NetNS = ""
	fine(cni.DelNetworkList(ctx, conf, rt), "%s: delete again, without a namespace", version)
}

func main() {
	netns := os.Args[1]
	cni := libcni.NewCNIConfigWithCacheDir(os.Args[3:], os.Args[2], nil)
	moat := `{"type": "moat", "capabilities": {"portMappings": true, "mac": true}}`

	for _, version := range []string{"0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0"} {
		old := version < "0.3"
		interfaces := 2
		if old {
			interfaces = 0
		}
		life(cni, netns, version, moat, version >= "0.4", 2, interfaces)
	}
	// Behind loopback, before tuning: three plugins, one result.
	life(cni, netns, "1.0.0", `{"type": "loopback"}, `+moat+`, {"type": "tuning", "sysctl": {"net.core.somaxconn": "500"}}`, true, 4, 3)

	info, err := cni.GetVersionInfo(context.Background(), "moat")
	if fine(err, "version") {
		verdict(len(info.SupportedVersions()) == 7, "seven versions: %v", info.SupportedVersions())
	}
	if failures > 0 {
		os.Exit(1)
	}
}
