//! The contract of backends, held by those that are built in and by one in WebAssembly: the
//! same checks for all.

mod aws;
mod consul;
mod directory;
mod dotenv;
mod faulty;
mod variables;
mod vault;

use secret_run_tests::contract;

use aws::Secrets;
use consul::Consul;
use directory::Directory;
use dotenv::Dotenv;
use faulty::Memory;
use variables::Variables;
use vault::OfVault;

contract!(env_of_variables, Variables::new());
contract!(env_of_files, Dotenv::new());
contract!(file, Directory::new());
contract!(aws_secrets_manager, Secrets::start());
contract!(vault_of_openbao, OfVault::start());
contract!(wasm_of_consul, Consul::start());
// A sound one passes: what `faulty` shows of the others is their fault alone.
contract!(memory, Memory::new(None));
