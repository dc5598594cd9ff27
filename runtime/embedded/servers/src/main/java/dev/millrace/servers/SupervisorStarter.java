package dev.millrace.servers;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Finds the running server of a directory, or starts it. Used under the lock of a {@link
 * JvmServerClaim}.
 */
final class SupervisorStarter {
  private static final Duration POLL = Duration.ofMillis(10);
  private static final Duration MAX_LAUNCH = Duration.ofSeconds(30);

  /** All classes that {@link Supervisor} needs; a test follows its references. */
  static final List<Class<?>> SUPERVISOR =
      List.of(
          Supervisor.class,
          IdleDetector.class,
          SupervisorArguments.class,
          ServerKind.class,
          ServerProcess.class,
          Postmaster.class,
          EngineProcess.class,
          HealthProbe.class,
          ProbeAnswerClock.class,
          ServerRunLog.class,
          ServerDirectory.class,
          ServerState.class,
          ServerState.Phase.class,
          FileClaim.class,
          StartupDeadline.class,
          FreePortChooser.class,
          ChildCommand.class,
          ChildCommand.Result.class,
          ChildCommand.Feed.class,
          EmbeddedException.class);

  private final ServerDirectory directory;
  private final ServerInstaller recipe;

  SupervisorStarter(ServerDirectory directory, ServerInstaller recipe) {
    this.directory = directory;
    this.recipe = recipe;
  }

  /**
   * Returns once the server takes connections. The caller has a seat, so the server does not stop
   * meanwhile.
   */
  ServerState start() {
    FileClaim start =
        FileClaim.awaitExclusive(
            directory.startLock(), waiting("another process that starts this server"));
    try {
      Files.deleteIfExists(directory.stopRequest());
      awaitEndOfLast();
      if (!isSupervised()) {
        launch();
      }
      return awaitReady();
    } catch (IOException e) {
      throw new EmbeddedException(
          "data directory must be writable: directory=" + directory.root() + " cause=" + e, e);
    } finally {
      start.close();
    }
  }

  /**
   * Waits for the last supervisor. It writes its last state before it drops its lock: that state is
   * the end of the server before, not the outcome of this start.
   */
  private void awaitEndOfLast() {
    StartupDeadline waiting = waiting("the last supervisor to end");
    while (isSupervised() && hasEnded()) {
      waiting.pause(POLL);
    }
  }

  private boolean hasEnded() {
    return ServerState.find(directory.state()).stream()
        .map(ServerState::phase)
        .anyMatch(phase -> phase == ServerState.Phase.FAILED || phase == ServerState.Phase.STOPPED);
  }

  boolean isSupervised() {
    return isSupervised(directory);
  }

  /** True if a supervisor runs the server of a directory, or is about to. */
  static boolean isSupervised(ServerDirectory directory) {
    Optional<FileClaim> claim = FileClaim.tryShared(directory.supervisorLock());
    claim.ifPresent(FileClaim::close);
    return claim.isEmpty();
  }

  private void launch() throws IOException {
    ServerState last =
        ServerState.find(directory.state())
            .orElse(new ServerState(ServerState.Phase.STOPPED, 0, 0, "", ""));
    ServerInstaller.Prepared prepared = recipe.prepare(directory, last);
    boolean fixed = recipe.port() != 0;
    int port = fixed ? recipe.port() : last.port();
    new ServerState(ServerState.Phase.LAUNCHING, 0, port, prepared.rights(), "").write(directory);
    recipe.progress().accept("starting " + title() + " " + prepared.version());
    launch(
        new SupervisorArguments(
            port, fixed, recipe.idleTimeout(), prepared.rights(), prepared.command()));
  }

  private String title() {
    return directory.product().title();
  }

  private void launch(SupervisorArguments launch) throws IOException {
    List<String> java =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xms4m",
            "-Xmx24m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:-UsePerfData",
            "-cp",
            copyClasses().toString(),
            Supervisor.class.getName(),
            directory.product().name(),
            directory.root().toString());
    List<String> command = new ArrayList<>();
    // A session of its own: neither Ctrl-C nor the end of our process group or terminal reaches it.
    if (ChildCommand.isOnPath("setsid")) {
      command.add("setsid");
    } else {
      command.addAll(List.of("/bin/sh", "-c", "set -m; \"$@\" & exit 0", "sh", "nohup"));
    }
    command.addAll(java);
    command.addAll(launch.arguments());
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.root().toFile())
            .redirectErrorStream(true)
            .redirectOutput(directory.supervisorLog().toFile());
    ChildCommand.clean(builder.environment());
    builder.start().getOutputStream().close();
    StartupDeadline launched =
        new StartupDeadline("the supervisor to begin", MAX_LAUNCH, recipe.progress());
    while (!isSupervised() && state().phase() == ServerState.Phase.LAUNCHING) {
      launched.pause(POLL);
    }
  }

  private Path copyClasses() throws IOException {
    Path classes = directory.supervisorClasses();
    for (Class<?> type : SUPERVISOR) {
      String file = type.getName().replace('.', '/') + ".class";
      Path target = classes.resolve(file);
      Files.createDirectories(classes.resolve(file).resolve("..").normalize());
      try (InputStream stream = type.getResourceAsStream("/" + file)) {
        if (stream == null) {
          throw new EmbeddedException("class file must be on the class path: file=" + file);
        }
        Files.copy(stream, target, StandardCopyOption.REPLACE_EXISTING);
      }
    }
    return classes;
  }

  private ServerState awaitReady() throws IOException {
    StartupDeadline waiting = waiting(title() + " to be ready");
    while (true) {
      // Read before the state: a supervisor writes its last state before it drops its lock.
      boolean supervised = isSupervised();
      ServerState state = state();
      switch (state.phase()) {
        case READY -> {
          if (supervised) {
            return state;
          }
        }
        case FAILED -> throw new EmbeddedException(title() + " does not start: " + state.detail());
        case LAUNCHING, STARTING, RESTARTING, STOPPED -> {}
      }
      if (!supervised) {
        throw new EmbeddedException(
            "supervisor of "
                + title()
                + " has ended: state="
                + state.phase()
                + " log="
                + directory.supervisorLog()
                + " said="
                + new ChildCommand.Result(0, Files.readString(directory.supervisorLog())).tail());
      }
      waiting.pause(POLL);
    }
  }

  private ServerState state() {
    return ServerState.find(directory.state())
        .orElseThrow(
            () -> new EmbeddedException("state of the server is gone: file=" + directory.state()));
  }

  private StartupDeadline waiting(String what) {
    return new StartupDeadline(what, recipe.startTimeout(), recipe.progress());
  }
}
