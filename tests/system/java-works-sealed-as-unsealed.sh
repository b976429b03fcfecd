#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# java runs a class that keeps its JIT busy, sealed as unsealed.
. "$(dirname "$0")/common.inc"
needs_mseal
need java javac

cat >"$work/Busy.java" <<'X'
import java.util.*;
import java.util.stream.*;
public class Busy {
  static int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
  public static void main(String[] a) throws Exception {
    long sum = 0;
    for (int i = 0; i < 200; ++i) sum += fib(20);
    System.out.println(sum);
    Map<Integer, Long> lengths = IntStream.range(0, 200000).mapToObj(i -> "" + i)
        .collect(Collectors.groupingBy(x -> x.length(), TreeMap::new, Collectors.counting()));
    System.out.println(lengths);
    double[][] m = new double[120][120];
    for (int r = 0; r < 10; ++r)
      for (int i = 0; i < 120; ++i) for (int j = 0; j < 120; ++j)
        for (int k = 0; k < 120; ++k) m[i][j] += i * k - j;
    System.out.println(m[7][11]);
    if (a.length > 0) {
      String[] look = (a[0] + " " + ProcessHandle.current().pid()).split(" ");
      System.exit(new ProcessBuilder(look).inheritIO().start().waitFor());
    }
    System.exit(9);
  }
}
X
javac -d "$work" "$work/Busy.java"
flags=(-Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=4)
same_output java "${flags[@]}" -cp "$work" Busy
[[ $(wc -l <"$work/sealed.out") == 3 ]]

# The class data archive is a file of code and data that the JVM maps by itself
# (classes.jsa): no loader's object, and writable by design.
seals_itself java "${flags[@]}" -Xshare:off -cp "$work" Busy "$unsealed"
