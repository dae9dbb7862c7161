package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// restDoor speaks the Orchestration Cluster REST API, with connections that are kept.
type restDoor struct {
	base   string
	client *http.Client
	vary   bool // a traceparent and an x-request-id of its own for each call
}

func openRest(address string, connections int, vary bool) *restDoor {
	transport := &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections}
	return &restDoor{"http://" + address + "/v2", &http.Client{Transport: transport}, vary}
}

func (d *restDoor) call(ctx context.Context, path string, body string, answer any) error {
	request, err := http.NewRequestWithContext(ctx, "POST", d.base+path, bytes.NewBufferString(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	if d.vary {
		span := rand.Uint64()
		request.Header.Set("Traceparent", fmt.Sprintf("00-%016x%016x-%016x-01", rand.Uint64(), span, span))
		request.Header.Set("X-Request-Id", fmt.Sprintf("%016x", span))
	}
	response, err := d.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("%d %s", response.StatusCode, content)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(content, answer)
}

func (d *restDoor) create(process, variables string) (int64, error) {
	var made struct{ ProcessInstanceKey string }
	body := fmt.Sprintf(`{"processDefinitionId":%q,"variables":%s}`, process, variables)
	if err := d.call(context.Background(), "/process-instances", body, &made); err != nil {
		return 0, err
	}
	return strconv.ParseInt(made.ProcessInstanceKey, 10, 64)
}

func (d *restDoor) activate(ctx context.Context, jobType string, limit int, patience time.Duration) ([]job, error) {
	waited := patience.Milliseconds()
	if waited == 0 {
		waited = -1
	}
	body := fmt.Sprintf(
		`{"type":%q,"worker":"load","timeout":60000,"maxJobsToActivate":%d,"requestTimeout":%d}`, jobType, limit, waited,
	)
	var answer struct {
		Jobs []struct{ JobKey, ProcessInstanceKey string }
	}
	if err := d.call(ctx, "/jobs/activation", body, &answer); err != nil {
		return nil, err
	}
	var found []job
	for _, each := range answer.Jobs {
		key, _ := strconv.ParseInt(each.JobKey, 10, 64)
		instance, _ := strconv.ParseInt(each.ProcessInstanceKey, 10, 64)
		found = append(found, job{key, instance})
	}
	return found, nil
}

func (d *restDoor) complete(key int64) error {
	path := "/jobs/" + strconv.FormatInt(key, 10) + "/completion"
	return d.call(context.Background(), path, `{"variables":{"done":true}}`, nil)
}
