// A client of the public service with grpc-go. Prints what it saw as JSON.
//
//	go-client ADDRESS answer|cancel|bad-request
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	pb "bitnet.test/clients/bitnet/v1"
)

const patience = 60 * time.Second // Only a failing test waits this long.

type seen struct {
	Started  bool     `json:"started"`
	Text     string   `json:"text"`
	Ids      []uint32 `json:"ids"`
	Finished string   `json:"finished"`
	Code     string   `json:"code"`
	Message  string   `json:"message"`
}

// Reads a stream to its end, and cancels it after the first delta if told to.
func read(client pb.InferenceServiceClient, request *pb.GenerateRequest, cancelEarly bool) seen {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var saw seen
	stream, err := client.Generate(ctx, request)
	for err == nil {
		var event *pb.GenerateResponse
		if event, err = stream.Recv(); err != nil {
			break
		}
		switch of := event.Event.(type) {
		case *pb.GenerateResponse_Started:
			saw.Started = true
		case *pb.GenerateResponse_Delta:
			saw.Text += of.Delta.Text
			for _, token := range of.Delta.Tokens {
				saw.Ids = append(saw.Ids, token.Id)
			}
			if cancelEarly {
				cancel()
			}
		case *pb.GenerateResponse_Finished:
			saw.Finished = of.Finished.Reason.String()
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	saw.Code, saw.Message = status.Code(err).String(), status.Convert(err).Message()
	return saw
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: go-client ADDRESS answer|cancel|bad-request")
		os.Exit(2)
	}
	connection, err := grpc.NewClient(os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer connection.Close()
	few, many := uint32(12), uint32(100000)
	request := &pb.GenerateRequest{
		Prompt: &pb.GenerateRequest_Text{Text: "The lighthouse keeper"}, MaxTokens: &few, IgnoreEos: true}
	switch os.Args[2] {
	case "cancel":
		request.MaxTokens = &many
	case "bad-request":
		request.Prompt = nil
	}
	saw := read(pb.NewInferenceServiceClient(connection), request, os.Args[2] == "cancel")
	if err := json.NewEncoder(os.Stdout).Encode(saw); err != nil {
		os.Exit(1)
	}
}
