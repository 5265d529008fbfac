// A foreign vCenter for the tests: govmomi's simulator on a loopback port. It prints one line of JSON when it is
// ready and runs until its standard input closes.
package main

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/url"
	"os"
	"strings"

	"github.com/vmware/govmomi/simulator"
	// Registers the REST interface with categories and tags.
	_ "github.com/vmware/govmomi/vapi/simulator"
)

func main() {
	esx := flag.Bool("esx", false, "simulate a standalone ESXi host")
	user := flag.String("username", "user", "the only user who may log in")
	password := flag.String("password", "pass", "that user's password")
	machines := flag.Int("vm", 2, "VMs per resource pool")
	flag.Parse()

	model := simulator.VPX()
	if *esx {
		model = simulator.ESX()
	}
	model.Machine = *machines
	if err := model.Create(); err != nil {
		log.Fatal(err)
	}
	defer model.Remove()

	model.Service.RegisterEndpoints = true
	model.Service.Listen = &url.URL{Host: "127.0.0.1:0", User: url.UserPassword(*user, *password)}
	model.Service.TLS = new(tls.Config)
	server := model.Service.NewServer()
	defer server.Close()

	ready, err := json.Marshal(map[string]string{
		"url":         "https://" + server.URL.Host,
		"fingerprint": fingerprint(server.Certificate().Raw),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(ready))
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		log.Fatal(err)
	}
}

func fingerprint(certificate []byte) string {
	sum := sha256.Sum256(certificate)
	parts := make([]string, len(sum))
	for i, b := range sum {
		parts[i] = fmt.Sprintf("%02X", b)
	}
	return strings.Join(parts, ":")
}
