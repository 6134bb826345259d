// SPDX-License-Identifier: Apache-2.0

// ce-go URL CA-FILE MODE COUNT: posts COUNT awkward events, made and encoded by
// the CloudEvents SDK for Go. MODE is structured, binary or batch. Prints
// "ID STATUS POSITION" for each event, or "ID STATUS - BODY".
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
)

func must[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "ce-go:", err)
		os.Exit(1)
	}
}

// The same four kinds of data, in turn, in every client.
func awkward(mode string, i int) event.Event {
	e := event.New()
	e.SetID(fmt.Sprintf("go-%s-%d", mode, i))
	e.SetSource("/src?x=1&y=a b")
	e.SetType("com.example.test")
	e.SetSubject(`Zürich "€" 100% 😀`)
	e.SetTime(must(time.Parse(time.RFC3339Nano, "2026-01-02T03:04:05.6789+01:00")))
	e.SetExtension("mystr", "a,b;c")
	e.SetExtension("myint", 42)
	e.SetExtension("mybool", true)
	switch i % 4 {
	case 0:
		check(e.SetData("application/json", map[string]any{"a": 1, "s": "ü<&>"}))
	case 1:
		check(e.SetData("text/plain; charset=utf-8", "hé"))
	case 2:
		check(e.SetData("application/octet-stream", []byte{0, 1, 2, 255}))
	}
	return e
}

func request(url, mode string, e event.Event) *http.Request {
	ctx := context.Background()
	switch mode {
	case "structured":
		ctx = binding.WithForceStructured(ctx)
	case "binary":
		ctx = binding.WithForceBinary(ctx)
	default:
		check(fmt.Errorf("no mode %s", mode))
	}
	r := must(http.NewRequestWithContext(ctx, http.MethodPost, url, nil))
	check(cehttp.WriteRequest(ctx, binding.ToMessage(&e), r))
	return r
}

func send(client *http.Client, r *http.Request, ids ...string) {
	answer := must(client.Do(r))
	body := must(io.ReadAll(answer.Body))
	answer.Body.Close()
	for _, id := range ids {
		position := answer.Header.Get("Headgate-Position")
		if position == "" {
			position = "- " + strings.ReplaceAll(string(body), "\n", " ")
		}
		fmt.Println(id, answer.StatusCode, position)
	}
}

func main() {
	if len(os.Args) != 5 {
		check(fmt.Errorf("usage: ce-go URL CA-FILE MODE COUNT"))
	}
	url, mode, count := os.Args[1], os.Args[3], must(strconv.Atoi(os.Args[4]))
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(must(os.ReadFile(os.Args[2])))
	client := &http.Client{Transport: &http.Transport{
		ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots}}}
	var events []event.Event
	var ids []string
	for i := 0; i < count; i++ {
		events = append(events, awkward(mode, i))
		ids = append(ids, events[i].ID())
	}
	if mode == "batch" {
		send(client, must(cehttp.NewHTTPRequestFromEvents(context.Background(), url, events)), ids...)
		return
	}
	for i, e := range events {
		send(client, request(url, mode, e), ids[i])
	}
}
