// The load generator: creates instances of a process and completes its jobs, over gRPC, against any
// broker that speaks Zeebe's protocol. Messages are written by hand (a few fields each), so that the
// generator takes as little of the machine as it can.
//
// It prints one JSON object: instances completed, seconds, latencies in milliseconds, its own CPU time.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sort"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protowire"
)

const service = "/gateway_protocol.Gateway/"

type raw struct{}

func (raw) Marshal(v any) ([]byte, error)      { return *v.(*[]byte), nil }
func (raw) Unmarshal(data []byte, v any) error { *v.(*[]byte) = append([]byte(nil), data...); return nil }
func (raw) Name() string                       { return "proto" }

func text(b []byte, number protowire.Number, value string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, number, protowire.BytesType), value)
}

func number(b []byte, field protowire.Number, value int64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), uint64(value))
}

// field finds a varint field of a message.
func field(b []byte, wanted protowire.Number) int64 {
	for len(b) > 0 {
		tag, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return 0
		}
		b = b[n:]
		if tag == wanted && kind == protowire.VarintType {
			value, _ := protowire.ConsumeVarint(b)
			return int64(value)
		}
		n = protowire.ConsumeFieldValue(tag, kind, b)
		if n < 0 {
			return 0
		}
		b = b[n:]
	}
	return 0
}

// jobs lists the jobs inside an ActivateJobsResponse.
func jobs(b []byte) [][]byte {
	var found [][]byte
	for len(b) > 0 {
		tag, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			break
		}
		b = b[n:]
		if tag == 1 && kind == protowire.BytesType {
			value, m := protowire.ConsumeBytes(b)
			found = append(found, value)
			b = b[m:]
			continue
		}
		b = b[protowire.ConsumeFieldValue(tag, kind, b):]
	}
	return found
}

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
	flag.Parse()

	codec := grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{}))
	var pool []*grpc.ClientConn
	for range *connections {
		connection, err := grpc.NewClient(*address, grpc.WithTransportCredentials(insecure.NewCredentials()), codec)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		pool = append(pool, connection)
	}
	var next atomic.Int64
	call := func(method string, message []byte) ([]byte, error) {
		var answer []byte
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		connection := pool[int(next.Add(1))%len(pool)]
		err := connection.Invoke(ctx, service+method, &message, &answer)
		return answer, err
	}

	var created, completed, refused, issued atomic.Int64
	run := time.Now().UnixNano()
	var born sync.Map
	left := sync.Map{}
	var latencies []float64
	var guard sync.Mutex
	work := make(chan []byte, 100_000)

	ctx, stop := context.WithCancel(context.Background())
	if *poll {
		for range 2 {
			go func() {
				for ctx.Err() == nil {
					message := text(nil, 1, *jobType)
					message = text(message, 2, "load")
					message = number(message, 3, 60_000)
					message = number(message, 4, 200)
					message = number(message, 6, 2_000)
					stream, err := pool[0].NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, service+"ActivateJobs")
					if err != nil {
						continue
					}
					_ = stream.SendMsg(&message)
					_ = stream.CloseSend()
					for {
						var answer []byte
						if stream.RecvMsg(&answer) != nil {
							break
						}
						for _, job := range jobs(answer) {
							work <- job
						}
					}
				}
			}()
		}
	} else {
		message := text(nil, 1, *jobType)
		message = text(message, 2, "load")
		message = number(message, 3, 60_000)
		stream, err := pool[0].NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, service+"StreamActivatedJobs")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		_ = stream.SendMsg(&message)
		_ = stream.CloseSend()
		go func() {
			for {
				var job []byte
				if stream.RecvMsg(&job) != nil {
					return
				}
				work <- job
			}
		}()
		time.Sleep(300 * time.Millisecond)
	}
	for range *creators {
		go func() {
			for job := range work {
				message := number(nil, 1, field(job, 1))
				message = text(message, 2, `{"done":true}`)
				if _, err := call("CompleteJob", message); err != nil {
					refused.Add(1)
					continue
				}
				instance := field(job, 3)
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
				message := text(nil, 2, *process)
				message = number(message, 3, -1)
				message = text(message, 4, fmt.Sprintf(`{"orderId":"%s","amount":42}`, order))
				if *wait {
					publish := text(nil, 1, "paid")
					publish = text(publish, 2, order)
					publish = number(publish, 3, 60_000)
					awaited := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), message)
					awaited = number(awaited, 2, 20_000)
					_, err := call("PublishMessage", publish)
					if err == nil {
						_, err = call("CreateProcessInstanceWithResult", awaited)
					}
					if err != nil {
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
				answer, err := call("CreateProcessInstance", message)
				if err != nil {
					refused.Add(1)
					time.Sleep(5 * time.Millisecond)
					continue
				}
				created.Add(1)
				if !*createOnly {
					born.Store(field(answer, 4), start)
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
