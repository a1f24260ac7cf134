/** From an account on a cluster to text in Box. */
export const text = `ON SAVIO, AND OTHER CLUSTERS WITH SLURM

  From a new account to text in Box, on a login node (hpc.brc.berkeley.edu):

    apptainer run ocr-pipeline.sif unpack ~/ocr-pipeline
    export PATH=~/ocr-pipeline/bin:$PATH
    ocr-pipeline login box
    ocr-pipeline ls
    ocr-pipeline run --box-folder ID --lang deu --executor slurm --site savio \\
      --account fc_yours --partition savio3 --image ~/ocr-pipeline.sif \\
      --work-dir /global/scratch/users/$USER/ocr-runs

  (On older systems the command is  singularity  in place of  apptainer.)

  Before:   doctor --deep          is all in place? runs a job of a minute
            plan   --executor slurm ...   time and service units, no change
  During:   Ctrl-C                 detaches: the jobs go on without it
            run --detach ...       submits and ends at once
            status                 how far is it?   cancel   stops it
            resume                 collects and goes on, from any node

  Run folders belong on scratch, where every node sees them; never in your
  home, which is small. Box logins stay on the node where you typed them:
  the nodes that read pages need neither Box nor a network.

  A whole job inside one allocation, or a folder on scratch: the two scripts
  in  ~/ocr-pipeline/app/slurm , to be copied, changed and submitted.

  To say a thing once:
    ocr-pipeline config set slurm.account fc_yours
    ocr-pipeline config set slurm.image ~/ocr-pipeline.sif
    ocr-pipeline config set work-dir '/global/scratch/users/$USER/ocr-runs'`;
