package dev.millrace.servers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A way to run PostgreSQL without being root, which it refuses. For root there are three ways, in
 * this order:
 *
 * <ol>
 *   <li>{@code unshare -U}: a user namespace, in which root has no privileges while the files still
 *       belong to root;
 *   <li>{@code setpriv} and
 *   <li>{@code runuser}: another user, who must own the cluster and reach its directory.
 * </ol>
 *
 * @param name the way that worked, remembered in {@link ServerState}
 * @param prefix the words before a program of PostgreSQL
 * @param owner the user that must own the cluster, or empty for our own
 */
record UnprivilegedUser(String name, List<String> prefix, String owner) {
  static final String OWN = "own";
  private static final List<String> FOR_ROOT =
      List.of(
          "unshare", "setpriv:postgres", "setpriv:nobody", "runuser:postgres", "runuser:nobody");

  static UnprivilegedUser find(
      PostgresBinaries binaries, ServerDirectory directory, String remembered) {
    ChildCommand.Result id = ChildCommand.shell(List.of(), "id -u");
    return id.output().strip().equals("0")
        ? find(FOR_ROOT, binaries, directory, remembered)
        : new UnprivilegedUser(OWN, List.of(), "");
  }

  static UnprivilegedUser find(
      List<String> names, PostgresBinaries binaries, ServerDirectory directory, String remembered) {
    List<String> ordered = new ArrayList<>(names);
    if (ordered.remove(remembered)) {
      ordered.addFirst(remembered);
    }
    List<String> refusals = new ArrayList<>();
    for (String name : ordered) {
      UnprivilegedUser rights = named(name);
      ChildCommand.Result probe = rights.probe(binaries, directory);
      if (probe.succeeded()) {
        return rights;
      }
      refusals.add(name + " (" + probe.tail() + ")");
    }
    throw new EmbeddedException(
        "PostgreSQL refuses to run as root and none of our ways around it works here; run Millrace as"
            + " another user, or put cache and data where the user nobody may go: directory="
            + directory.root()
            + " binaries="
            + binaries.home()
            + " tried="
            + String.join(", ", refusals));
  }

  private static UnprivilegedUser named(String name) {
    String user = name.substring(name.indexOf(':') + 1);
    if (name.startsWith("setpriv:")) {
      // The group of the user nobody has different names in different systems, but always a number.
      String group = ChildCommand.shell(List.of(), "id -g \"$1\"", user).output().strip();
      return new UnprivilegedUser(
          name,
          List.of("setpriv", "--reuid", user, "--regid", group, "--clear-groups", "--"),
          user);
    }
    if (name.startsWith("runuser:")) {
      return new UnprivilegedUser(name, List.of("runuser", "-u", user, "--"), user);
    }
    return new UnprivilegedUser(name, List.of("unshare", "-U", "--"), "");
  }

  /** Tries to run the programs in the directory as a user that is not root and has a name. */
  private ChildCommand.Result probe(PostgresBinaries binaries, ServerDirectory directory) {
    if (!owner.isEmpty()) {
      // The directory was created for its owner only; to pass through it needs no more than this.
      ChildCommand.shell(List.of(), "chmod o+x \"$1\"", directory.root());
    }
    return ChildCommand.shell(
        prefix,
        """
        [ "$(id -u)" != 0 ] || { echo "still root"; exit 1; }
        id -un || { echo "user has no name"; exit 1; }
        cd "$2" || { echo "cannot enter the data directory"; exit 1; }
        "$1" --version || { echo "cannot run the binaries"; exit 1; }
        """,
        binaries.program("postgres"),
        directory.root());
  }

  /** Gives a cluster to the user that runs it; another way may have worked the last time. */
  void own(Path cluster) {
    if (name.equals(OWN)) {
      return;
    }
    String wanted = owner.isEmpty() ? "root" : owner;
    try {
      if (Files.getOwner(cluster).getName().equals(wanted)) {
        return;
      }
    } catch (IOException e) {
      throw new EmbeddedException("owner of the cluster cannot be read: directory=" + cluster, e);
    }
    ChildCommand.Result result =
        ChildCommand.shell(List.of(), "chown -R \"$1\" \"$2\"", wanted, cluster);
    if (!result.succeeded()) {
      throw new EmbeddedException(
          "cluster cannot be given to the user that runs it: user="
              + wanted
              + " directory="
              + cluster
              + " output="
              + result.tail());
    }
  }

  List<String> command(Path program, String... arguments) {
    List<String> command = new ArrayList<>(prefix);
    command.add(program.toString());
    command.addAll(List.of(arguments));
    return command;
  }
}
