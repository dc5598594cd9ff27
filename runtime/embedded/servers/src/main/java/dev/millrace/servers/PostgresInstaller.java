package dev.millrace.servers;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Prepares binaries, settings and a cluster for PostgreSQL. */
record PostgresInstaller(PostgresSettings settings) implements ServerInstaller {

  @Override
  public Prepared prepare(ServerDirectory directory, ServerState last) throws IOException {
    PostgresBinaries binaries = PostgresBinaries.unpack(settings.cache(), settings.progress());
    UnprivilegedUser rights = UnprivilegedUser.find(binaries, directory, last.rights());
    boolean durable = !"off".equals(settings.server().get("fsync"));
    PostgresConfFile.write(directory, settings.server());
    Postmaster.removeLeftover(directory);
    new PostgresCluster(directory, binaries, rights, durable).prepare(settings.progress());
    return new Prepared(rights.name(), boundToParent(rights, binaries), binaries.version());
  }

  /**
   * Makes PostgreSQL end with its supervisor, even if that is killed, on systems that support it.
   */
  private static List<String> boundToParent(UnprivilegedUser rights, PostgresBinaries binaries) {
    List<String> binding = List.of("setpriv", "--pdeathsig", "INT", "--");
    List<String> command = new ArrayList<>(rights.prefix());
    if (ChildCommand.shell(binding, "exit 0").succeeded()) {
      command.addAll(binding);
    }
    command.add(binaries.program("postgres").toString());
    return command;
  }

  @Override
  public int port() {
    return settings.port();
  }

  @Override
  public Duration idleTimeout() {
    return settings.idleTimeout();
  }

  @Override
  public Duration startTimeout() {
    return settings.startTimeout();
  }

  @Override
  public Consumer<String> progress() {
    return settings.progress();
  }
}
