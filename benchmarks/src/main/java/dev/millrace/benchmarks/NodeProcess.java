package dev.millrace.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A dev chain's node in a process of its own, so that its CPU time is not counted as ours. */
final class NodeProcess implements AutoCloseable {
  private static final Pattern URL = Pattern.compile("http://127\\.0\\.0\\.1:\\d+");

  private final Process process;
  private final String url;

  private NodeProcess(Process process, String url) {
    this.process = process;
    this.url = url;
  }

  /** Starts {@code millrace devchain} with a chain that stands still. */
  static NodeProcess start(long blocks, List<String> options) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx512m", "-XX:+UseSerialGC"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), "dev.millrace.app.Main"));
    command.addAll(List.of("devchain", "--port=0", "--block-time=0", "--blocks=" + blocks));
    command.addAll(options);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    BufferedReader said = process.inputReader(UTF_8);
    StringBuilder heard = new StringBuilder();
    for (String line = said.readLine(); line != null; line = said.readLine()) {
      heard.append(line).append('\n');
      Matcher url = URL.matcher(line);
      if (url.find()) {
        Thread.ofVirtual().start(() -> said.lines().forEach(_ -> {}));
        return new NodeProcess(process, url.group());
      }
    }
    process.destroyForcibly();
    throw new IOException("dev chain does not start: output=" + heard);
  }

  String url() {
    return url;
  }

  /** Returns the CPU nanoseconds so far. */
  long cpu() {
    return CpuTimeSample.of(process.toHandle());
  }

  @Override
  public void close() {
    process.destroyForcibly();
    process.onExit().join();
  }
}
