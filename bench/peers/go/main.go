// SPDX-License-Identifier: MIT

// The echo server in Go: a goroutine per connection, on one processor as all servers here.
// Usage: go_echo PORT; listens on 127.0.0.1.
package main

import (
	"fmt"
	"net"
	"os"
	"runtime"
)

const bufferSize = 64 * 1024

// net.Conn has TCP_NODELAY set from the start, and Write sends everything.
func echo(connection net.Conn) {
	defer connection.Close()
	buffer := make([]byte, bufferSize)
	for {
		n, err := connection.Read(buffer)
		if err != nil {
			return
		}
		if _, err = connection.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go_echo PORT")
		os.Exit(2)
	}
	runtime.GOMAXPROCS(1)
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "go_echo:", err)
		os.Exit(1)
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			fmt.Fprintln(os.Stderr, "go_echo:", err)
			os.Exit(1)
		}
		go echo(connection)
	}
}
