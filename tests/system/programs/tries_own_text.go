// SPDX-License-Identifier: Apache-2.0
// Works with goroutines, garbage and signals, then exits with what mprotect
// over its own text answers.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"reflect"
)

func work() int {
	var group sync.WaitGroup
	sums := make([]int, 8)
	for i := range sums {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			for n := 0; n < 2000; n++ {
				sums[i] += len(make([]byte, 100+n))
			}
			runtime.GC()
		}(i)
	}
	group.Wait()
	total := 0
	for _, sum := range sums {
		total += sum
	}
	return total
}

func main() {
	hear := make(chan os.Signal, 1)
	signal.Notify(hear, syscall.SIGUSR1)
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	<-hear
	fmt.Println("worked", work())
	text := reflect.ValueOf(work).Pointer() &^ 4095
	_, _, errno := syscall.Syscall(syscall.SYS_MPROTECT, text, 4096, 5)
	os.Exit(int(errno))
}
