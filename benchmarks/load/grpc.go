package main

import (
	"context"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protowire"
)

const service = "/gateway_protocol.Gateway/"

type raw struct{}

func (raw) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }
func (raw) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), data...)
	return nil
}
func (raw) Name() string { return "proto" }

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
func jobs(b []byte) []job {
	var found []job
	for len(b) > 0 {
		tag, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			break
		}
		b = b[n:]
		if tag == 1 && kind == protowire.BytesType {
			value, m := protowire.ConsumeBytes(b)
			found = append(found, job{field(value, 1), field(value, 3)})
			b = b[m:]
			continue
		}
		b = b[protowire.ConsumeFieldValue(tag, kind, b):]
	}
	return found
}

// grpcDoor speaks the gateway's protocol; its messages are written by hand, a few fields each.
type grpcDoor struct {
	pool []*grpc.ClientConn
	next atomic.Int64
}

func openGrpc(address string, connections int) (*grpcDoor, error) {
	codec := grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{}))
	opened := &grpcDoor{}
	for range connections {
		connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()), codec)
		if err != nil {
			return nil, err
		}
		opened.pool = append(opened.pool, connection)
	}
	return opened, nil
}

func (d *grpcDoor) call(method string, message []byte) ([]byte, error) {
	var answer []byte
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	connection := d.pool[int(d.next.Add(1))%len(d.pool)]
	err := connection.Invoke(ctx, service+method, &message, &answer)
	return answer, err
}

func creation(process, variables string) []byte {
	return text(number(text(nil, 2, process), 3, -1), 4, variables)
}

func (d *grpcDoor) create(process, variables string) (int64, error) {
	answer, err := d.call("CreateProcessInstance", creation(process, variables))
	return field(answer, 4), err
}

func (d *grpcDoor) complete(key int64) error {
	_, err := d.call("CompleteJob", text(number(nil, 1, key), 2, `{"done":true}`))
	return err
}

func (d *grpcDoor) activate(ctx context.Context, jobType string, limit int, patience time.Duration) ([]job, error) {
	message := text(text(nil, 1, jobType), 2, "load")
	message = number(number(message, 3, 60_000), 4, int64(limit))
	waited := patience.Milliseconds()
	if waited == 0 {
		waited = -1
	}
	message = number(message, 6, waited)
	connection := d.pool[int(d.next.Add(1))%len(d.pool)]
	stream, err := connection.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, service+"ActivateJobs")
	if err != nil {
		return nil, err
	}
	_ = stream.SendMsg(&message)
	_ = stream.CloseSend()
	var found []job
	for {
		var answer []byte
		if stream.RecvMsg(&answer) != nil {
			return found, nil
		}
		found = append(found, jobs(answer)...)
	}
}

// stream hands over jobs as the broker pushes them, until ctx ends.
func (d *grpcDoor) stream(ctx context.Context, jobType string, work chan<- job) error {
	message := number(text(text(nil, 1, jobType), 2, "load"), 3, 60_000)
	stream, err := d.pool[0].NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, service+"StreamActivatedJobs")
	if err != nil {
		return err
	}
	_ = stream.SendMsg(&message)
	_ = stream.CloseSend()
	go func() {
		for {
			var pushed []byte
			if stream.RecvMsg(&pushed) != nil {
				return
			}
			work <- job{field(pushed, 1), field(pushed, 3)}
		}
	}()
	time.Sleep(300 * time.Millisecond)
	return nil
}

// createAndAwait publishes the message that an instance waits for, and waits for the instance's end.
func (d *grpcDoor) createAndAwait(process, order, variables string) error {
	publish := number(text(text(nil, 1, "paid"), 2, order), 3, 60_000)
	if _, err := d.call("PublishMessage", publish); err != nil {
		return err
	}
	awaited := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), creation(process, variables))
	_, err := d.call("CreateProcessInstanceWithResult", number(awaited, 2, 20_000))
	return err
}
