package dev.millrace.servers;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Another JVM that uses a server, in a process group of its own, until it leaves or is killed. */
final class UserProcess implements AutoCloseable {
  private final Process process;
  private final BufferedReader output;

  private UserProcess(Process process) {
    this.process = process;
    this.output = process.inputReader(StandardCharsets.UTF_8);
  }

  public static void main(String[] arguments) throws IOException {
    EmbeddedPostgres server = EmbeddedPostgres.start(Path.of(arguments[0]), TestServers.small());
    System.out.println(server.pid().orElseThrow());
    int end = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).read();
    // Releases nothing: the end of the process has to be enough.
    Runtime.getRuntime().halt(end < 0 ? 0 : 1);
  }

  static UserProcess launch(Path directory) throws IOException {
    return new UserProcess(
        new ProcessBuilder(
                List.of(
                    "setsid",
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx64m",
                    "-XX:TieredStopAtLevel=1",
                    "-cp",
                    System.getProperty("java.class.path"),
                    UserProcess.class.getName(),
                    directory.toString()))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start());
  }

  /** Waits until the process uses the server and returns the pid of the server. */
  long serverPid() throws IOException {
    return Long.parseLong(output.readLine());
  }

  void leave() throws IOException, InterruptedException {
    process.getOutputStream().close();
    process.waitFor(10, TimeUnit.SECONDS);
  }

  void killGroup() throws InterruptedException {
    ChildCommand.shell(List.of(), "kill -s KILL -- \"-$1\"", process.pid());
    process.waitFor(10, TimeUnit.SECONDS);
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
