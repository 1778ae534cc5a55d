import { spawn, type ChildProcess } from "node:child_process";
import {
  status,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import {
  AboutResponse,
  DependencyInfo,
  GetProgramDependenciesResponse,
  GetRequiredPackagesResponse,
  LanguageHandshakeResponse,
  RunResponse,
  RuntimeOptionsResponse,
  type AboutRequest,
  type GetProgramDependenciesRequest,
  type GetRequiredPackagesRequest,
  type InstallDependenciesRequest,
  type InstallDependenciesResponse,
  type LanguageHandshakeRequest,
  type RunRequest,
  type RuntimeOptionsRequest,
} from "@pulumi/pulumi/proto/language_pb";
import { PackageDependency, PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { failure } from "../plugin-server";
import { findDependencies, findResourcePackages } from "./packages";
import { prepareRun, ProgramError } from "./program";

/** `cmd/run` ends with this code when it has already shown the user what is wrong. */
const alreadyReported = 32;

/** pulumirpc.LanguageRuntime for programs in JavaScript and TypeScript, as far as Pulumi's usual commands need it. */
export class LanguageHost {
  private program: ChildProcess | undefined;

  constructor(
    private readonly engineAddress: string,
    private readonly version: string,
  ) {}

  calls(): UntypedServiceImplementation {
    return {
      handshake: this.handshake,
      getPluginInfo: this.getPluginInfo,
      about: this.about,
      getRequiredPackages: this.getRequiredPackages,
      getProgramDependencies: this.getProgramDependencies,
      runtimeOptionsPrompts: this.runtimeOptionsPrompts,
      installDependencies: this.installDependencies,
      run: this.run,
      cancel: this.cancel,
    };
  }

  /** Ends the program that is running, if one is. */
  endProgram(): void {
    this.program?.kill("SIGTERM");
  }

  private readonly handshake: handleUnaryCall<LanguageHandshakeRequest, LanguageHandshakeResponse> = (_call, done) =>
    done(null, new LanguageHandshakeResponse());

  private readonly getPluginInfo: handleUnaryCall<Empty, PluginInfo> = (_call, done) =>
    done(null, new PluginInfo().setVersion(this.version));

  private readonly about: handleUnaryCall<AboutRequest, AboutResponse> = (_call, done) =>
    done(null, new AboutResponse().setExecutable(process.execPath).setVersion(process.version));

  private readonly getRequiredPackages: handleUnaryCall<GetRequiredPackagesRequest, GetRequiredPackagesResponse> = (
    call,
    done,
  ) => {
    const packages = findResourcePackages(call.request.getInfo()?.getProgramDirectory() ?? "");
    const dependencies = packages.map(({ name, version, server }) =>
      new PackageDependency().setKind("resource").setName(name).setVersion(`v${version}`).setServer(server),
    );
    done(null, new GetRequiredPackagesResponse().setPackagesList(dependencies));
  };

  private readonly getProgramDependencies: handleUnaryCall<
    GetProgramDependenciesRequest,
    GetProgramDependenciesResponse
  > = (call, done) => {
    try {
      const dependencies = findDependencies(call.request.getInfo()?.getProgramDirectory() ?? "");
      const list = dependencies.map(({ name, version }) => new DependencyInfo().setName(name).setVersion(version));
      done(null, new GetProgramDependenciesResponse().setDependenciesList(list));
    } catch (error) {
      done(failure(status.UNKNOWN, error instanceof Error ? error.message : String(error)));
    }
  };

  private readonly runtimeOptionsPrompts: handleUnaryCall<RuntimeOptionsRequest, RuntimeOptionsResponse> = (
    _call,
    done,
  ) => done(null, new RuntimeOptionsResponse());

  /** Packages are the business of `npm ci`: nothing is installed, and the stream ends. */
  private readonly installDependencies: handleServerStreamingCall<
    InstallDependenciesRequest,
    InstallDependenciesResponse
  > = (call) => void call.end();

  private readonly run: handleUnaryCall<RunRequest, RunResponse> = (call, done) => {
    this.runProgram(call.request).then(
      (response) => done(null, response),
      (error: unknown) => done(failure(status.UNKNOWN, error instanceof Error ? error.message : String(error))),
    );
  };

  private readonly cancel: handleUnaryCall<Empty, Empty> = (_call, done) => {
    this.endProgram();
    done(null, new Empty());
  };

  private async runProgram(request: RunRequest): Promise<RunResponse> {
    try {
      const { words, environment, folder } = prepareRun(request, this.engineAddress);
      // The engine reads this process's output line by line and shows it; the program's goes the same way.
      const program = spawn(process.execPath, words, { cwd: folder, env: environment, stdio: "inherit" });
      this.program = program;
      return await ending(program);
    } catch (error) {
      if (error instanceof ProgramError) {
        return new RunResponse().setError(error.message);
      }
      throw error;
    }
  }
}

function ending(program: ChildProcess): Promise<RunResponse> {
  return new Promise((resolve, reject) => {
    program.once("error", reject);
    program.once("exit", (code, signal) => {
      if (code === 0) {
        resolve(new RunResponse());
      } else if (code === alreadyReported) {
        resolve(new RunResponse().setBail(true));
      } else if (code !== null) {
        resolve(new RunResponse().setError(`Program exited with non-zero exit code: ${code}`));
      } else {
        resolve(new RunResponse().setError(`Program was ended by ${signal}`));
      }
    });
  });
}
