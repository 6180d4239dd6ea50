// Command gcs_server serves fake-gcs-server's GCS API on loopback, everything in memory, until it is told to stop.
//
// It prints one line, "GCS listening on http://127.0.0.1:PORT", when it is ready. Clients find it through
// STORAGE_EMULATOR_HOST. Under the same address it is a machine's metadata server (GCE_METADATA_HOST), from which
// clients get credentials as they do on Google's machines; without any, Beam looks for them for half a minute.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/fsouza/fake-gcs-server/fakestorage"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	address := listener.Addr().String()
	storage, err := fakestorage.NewServerWithOptions(fakestorage.Options{
		NoListener:  true,
		ExternalURL: "http://" + address,
		PublicHost:  address,
	})
	if err != nil {
		log.Fatal(err)
	}
	routes := http.NewServeMux()
	routes.HandleFunc("/{$}", metadata)
	routes.HandleFunc("/computeMetadata/", metadata)
	routes.Handle("/", withContentIDs(storage.HTTPHandler()))
	server := &http.Server{Handler: routes}

	stopped := make(chan os.Signal, 1)
	signal.Notify(stopped, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		<-stopped
		server.Close()
	}()
	fmt.Printf("GCS listening on http://%s\n", address)
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}

// metadata answers what Google's clients ask for: whether it is there, the project, the service account, a token.
func metadata(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Metadata-Flavor", "Google")
	account, answersAccount := strings.CutPrefix(r.URL.Path, "/computeMetadata/v1/instance/service-accounts/default")
	switch {
	case r.URL.Path == "/":
	case r.URL.Path == "/computeMetadata/v1/project/project-id":
		fmt.Fprint(w, "integration-test")
	case answersAccount && strings.HasPrefix(account, "/token"):
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token": "integration-test", "expires_in": 3600, "token_type": "Bearer"}`)
	case answersAccount:
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"email": "worker@integration-test.iam.gserviceaccount.com", "scopes": []}`)
	default:
		http.NotFound(w, r)
	}
}

// withContentIDs numbers the parts of batch requests. Google's server answers parts without a Content-ID, as Python's
// client sends them; fake-gcs-server leaves them out.
func withContentIDs(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/batch/") {
			if err := addContentIDs(r); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func addContentIDs(r *http.Request) error {
	parts, err := r.MultipartReader()
	if err != nil {
		return err
	}
	var body bytes.Buffer
	numbered := multipart.NewWriter(&body)
	for number := 1; ; number++ {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if part.Header.Get("Content-ID") == "" {
			part.Header.Set("Content-ID", fmt.Sprintf("<%d>", number))
		}
		copied, err := numbered.CreatePart(part.Header)
		if err != nil {
			return err
		}
		if _, err := io.Copy(copied, part); err != nil {
			return err
		}
	}
	if err := numbered.Close(); err != nil {
		return err
	}
	// MultipartReader may be called once for each request.
	r.MultipartForm = nil
	r.Body = io.NopCloser(&body)
	r.ContentLength = int64(body.Len())
	r.Header.Set("Content-Type", "multipart/mixed; boundary="+numbered.Boundary())
	return nil
}
