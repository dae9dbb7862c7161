// The load generator: creates instances of a process and completes its jobs against any broker that
// speaks Zeebe's protocol, over gRPC or REST. It takes as little of the machine as it can.
//
// It prints one JSON object: instances completed, seconds, latencies in milliseconds, its own CPU time;
// with -phases the server's CPU time of each kind of call.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	address := flag.String("address", "127.0.0.1:26500", "the gateway")
	process := flag.String("process", "one", "process id")
	jobType := flag.String("type", "work", "job type")
	tasks := flag.Int("tasks", 1, "jobs per instance")
	seconds := flag.Float64("seconds", 10, "how long")
	creators := flag.Int("creators", 64, "concurrent creations")
	rate := flag.Float64("rate", 0, "instances per second; 0 is as many as go")
	poll := flag.Bool("poll", false, "poll for jobs instead of streaming them")
	backlog := flag.Int64("backlog", 500, "instances that may be unfinished before creation pauses")
	createOnly := flag.Bool("create-only", false, "create instances that wait; complete nothing")
	wait := flag.Bool("wait", false, "the process waits for the message paid: publish it, awaiting the result")
	limit := flag.Int64("count", 0, "create no more than this many; 0 is no limit")
	connections := flag.Int("connections", 2, "connections")
	overRest := flag.Bool("rest", false, "over REST, polled; the address is that of the HTTP port")
	vary := flag.Bool("vary", false, "with -rest: other headers on each call, as clients with traces send them")
	policy := flag.String("policy", "", "a file with a JSON list of signed grants: every instance is created under them")
	phases := flag.String("phases", "", "creations, activations, completions apart: the server's process ids, by commas")
	flag.Parse()

	var entrance door
	grpcWay, err := openGrpc(*address, *connections)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	entrance = grpcWay
	if *overRest {
		entrance = openRest(*address, *creators+4, *vary)
		*poll = true
	}
	if *phases != "" {
		pids := strings.Split(*phases, ",")
		_ = json.NewEncoder(os.Stdout).Encode(runPhases(entrance, *process, *jobType, *limit, *creators, pids))
		return
	}

	given := ""
	if *policy != "" {
		grants, err := os.ReadFile(*policy)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		given = `"_policy":` + strings.TrimSpace(string(grants)) + ","
	}

	var created, completed, refused, issued atomic.Int64
	run := time.Now().UnixNano()
	var born sync.Map
	left := sync.Map{}
	var latencies []float64
	var guard sync.Mutex
	work := make(chan job, 100_000)

	ctx, stop := context.WithCancel(context.Background())
	if *poll {
		for range 2 {
			go func() {
				for ctx.Err() == nil {
					taken, _ := entrance.activate(ctx, *jobType, 200, 2*time.Second)
					for _, each := range taken {
						work <- each
					}
				}
			}()
		}
	} else if err := grpcWay.stream(ctx, *jobType, work); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for range *creators {
		go func() {
			for each := range work {
				if err := entrance.complete(each.key); err != nil {
					refused.Add(1)
					continue
				}
				instance := each.instance
				if *tasks > 1 {
					count, _ := left.LoadOrStore(instance, new(atomic.Int64))
					if int(count.(*atomic.Int64).Add(1)) < *tasks {
						continue
					}
					left.Delete(instance)
				}
				completed.Add(1)
				if began, ok := born.LoadAndDelete(instance); ok {
					guard.Lock()
					latencies = append(latencies, float64(time.Since(began.(time.Time)).Microseconds())/1000)
					guard.Unlock()
				}
			}
		}()
	}

	began := time.Now()
	end := began.Add(time.Duration(*seconds * float64(time.Second)))
	var making sync.WaitGroup
	for worker := range *creators {
		making.Add(1)
		go func() {
			defer making.Done()
			pause := time.Duration(0)
			if *rate > 0 {
				pause = time.Duration(float64(*creators) / *rate * float64(time.Second))
				time.Sleep(pause * time.Duration(worker) / time.Duration(*creators))
			}
			for due := time.Now(); time.Now().Before(end); {
				if pause > 0 {
					time.Sleep(time.Until(due))
					due = due.Add(pause)
				}
				if !*createOnly && *rate == 0 && created.Load()-completed.Load() > *backlog {
					time.Sleep(time.Millisecond)
					continue
				}
				if *limit > 0 && issued.Add(1) > *limit {
					return
				}
				start := time.Now()
				order := fmt.Sprintf("order-%d-%d", run, created.Load()+int64(worker)<<40)
				variables := fmt.Sprintf(`{%s"orderId":"%s","amount":42}`, given, order)
				if *wait {
					if err := grpcWay.createAndAwait(*process, order, variables); err != nil {
						refused.Add(1)
						continue
					}
					created.Add(1)
					completed.Add(1)
					guard.Lock()
					latencies = append(latencies, float64(time.Since(start).Microseconds())/1000)
					guard.Unlock()
					continue
				}
				key, err := entrance.create(*process, variables)
				if err != nil {
					refused.Add(1)
					time.Sleep(5 * time.Millisecond)
					continue
				}
				created.Add(1)
				if !*createOnly {
					born.Store(key, start)
				}
			}
		}()
	}
	making.Wait()
	for wait := 0; !*createOnly && wait < 100 && completed.Load() < created.Load(); wait++ {
		time.Sleep(100 * time.Millisecond)
		if time.Since(end) > time.Duration(*seconds*float64(time.Second)) {
			break
		}
	}
	took := time.Since(began).Seconds()
	stop()
	sort.Float64s(latencies)
	at := func(share float64) float64 {
		if len(latencies) == 0 {
			return 0
		}
		return latencies[min(len(latencies)-1, int(share*float64(len(latencies))))]
	}
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	cpu := float64(usage.Utime.Sec+usage.Stime.Sec) + float64(usage.Utime.Usec+usage.Stime.Usec)/1e6
	_ = json.NewEncoder(os.Stdout).Encode(map[string]any{
		"created": created.Load(), "completed": completed.Load(), "refused": refused.Load(),
		"seconds": took, "cpu_seconds": cpu,
		"p50_ms": at(0.5), "p99_ms": at(0.99), "max_ms": at(1),
	})
}
