package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A phase is one kind of call, made many times over.
type phase struct {
	Calls     int64   `json:"calls"`
	Refused   int64   `json:"refused"`
	Seconds   float64 `json:"seconds"`
	ServerCPU float64 `json:"server_cpu_seconds"`
}

// runPhases creates count instances, activates their jobs one by one, completes them; each kind of
// call by itself, so that the server's CPU (of the processes pids) can be told apart.
func runPhases(d door, process, jobType string, count int64, workers int, pids []string) map[string]phase {
	work := make(chan job, count)
	found := map[string]phase{}
	found["create"] = runPhase(count, workers, pids, func(number int64) error {
		_, err := d.create(process, fmt.Sprintf(`{"orderId":"order-%d","amount":42}`, number))
		return err
	})
	found["activate"] = runPhase(count, workers, pids, func(int64) error {
		taken, err := d.activate(context.Background(), jobType, 1, 2*time.Second)
		for _, each := range taken {
			work <- each
		}
		return err
	})
	close(work)
	found["complete"] = runPhase(int64(len(work)), workers, pids, func(int64) error {
		return d.complete((<-work).key)
	})
	return found
}

func runPhase(count int64, workers int, pids []string, call func(int64) error) phase {
	var next, refused atomic.Int64
	var making sync.WaitGroup
	before, began := cpuSeconds(pids), time.Now()
	for range workers {
		making.Add(1)
		go func() {
			defer making.Done()
			for number := next.Add(1); number <= count; number = next.Add(1) {
				if call(number) != nil {
					refused.Add(1)
				}
			}
		}()
	}
	making.Wait()
	took := time.Since(began).Seconds()
	return phase{count, refused.Load(), took, cpuSeconds(pids) - before}
}

// cpuSeconds is the user and system time of processes so far, as /proc tells it (100 ticks a second).
func cpuSeconds(pids []string) float64 {
	total := 0.0
	for _, pid := range pids {
		content, err := os.ReadFile("/proc/" + pid + "/stat")
		if err != nil {
			continue
		}
		fields := strings.Fields(string(content[strings.LastIndexByte(string(content), ')')+1:]))
		user, _ := strconv.ParseFloat(fields[11], 64)
		system, _ := strconv.ParseFloat(fields[12], 64)
		total += (user + system) / 100
	}
	return total
}
