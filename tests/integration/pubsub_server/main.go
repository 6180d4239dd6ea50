// Command pubsub_server serves Google's in-memory Pub/Sub (pstest) on loopback until it is told to stop.
//
// It prints one line, "Pub/Sub listening on 127.0.0.1:PORT", when it is ready. Clients find it through
// PUBSUB_EMULATOR_HOST.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"

	"cloud.google.com/go/pubsub/v2/pstest"
)

func main() {
	port := flag.Int("port", 0, "port on 127.0.0.1; 0 takes a free one")
	flag.Parse()

	stopped := make(chan os.Signal, 1)
	signal.Notify(stopped, syscall.SIGINT, syscall.SIGTERM)

	server := pstest.NewServerWithPort(*port)
	fmt.Printf("Pub/Sub listening on %s\n", server.Addr)
	<-stopped
	if err := server.Close(); err != nil {
		log.Fatal(err)
	}
}
