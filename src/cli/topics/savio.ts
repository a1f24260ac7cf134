/** Using the program inside a Slurm job, as on Savio. */
export const text = `INSIDE A SLURM JOB (Savio and other clusters)

  Ask for a node, then run as anywhere else; the cores of the job are used:

    #!/bin/bash
    #SBATCH --account=fc_yours
    #SBATCH --partition=savio3
    #SBATCH --time=04:00:00
    #SBATCH --signal=B:USR2@300
    ocr-pipeline run --input "$SCRATCH/scans" --output "$SCRATCH/text" &
    trap 'kill -USR2 $!' USR2
    wait $! || wait $!

  Five minutes before the time is up the pages in hand are finished and the
  program ends with exit code 75. Submit the same job again: it goes on.

  Keep run folders on scratch:
    ocr-pipeline config set work-dir '/global/scratch/users/$USER/ocr-runs'`;
